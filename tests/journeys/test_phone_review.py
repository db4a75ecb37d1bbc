"""A reviewer with a phone: reads what changes, for whom and at what price, and approves."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from policies.models import Environment
from tests.journeys.pages import overflow, watched
from tests.journeys.people import signed_in
from tests.policies.steps import documents, in_review, now, published, standing

REASON = "Half and half is what we agreed."
LEAST_TARGET_PX = 24  # WCAG 2.2, 2.5.8


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, object]) -> dict[str, object]:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    return {**browser_context_args, **phone, "device_scale_factor": 2}


@pytest.mark.slow
def test_phone__reviewer_reads_and_approves(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    staging: Environment,
    author: User,
    owner: User,
    reviewer: User,
) -> None:
    published(staging, author, [owner], owner)
    change = in_review(staging, author, documents(share=50))
    signed_in(page, live_server.url, reviewer)
    with watched(page) as complaints:
        page.goto(live_server.url)
        page.get_by_role("link", name=change.title).first.tap()
        expect(page.get_by_role("heading", level=1)).to_contain_text(change.title)
        assert overflow(page) == []
        # What changes, in words, and the reason why, without a tap.
        expect(page.get_by_text("It is cheaper and as good.").first).to_be_visible()
        expect(page.locator("#main")).to_contain_text("swift-small")
        page.locator("summary", has_text="Decide").tap()
        reason = page.locator("#id_reason")
        reason.tap()
        reason.fill(REASON)
        approve = page.get_by_role("button", name="Approve", exact=True)
        box = approve.bounding_box()
        assert box is not None and min(box["width"], box["height"]) >= LEAST_TARGET_PX
        approve.tap()
        expect(page.get_by_text("Your approval is recorded").first).to_be_visible()
        assert overflow(page) == []
    assert complaints == []
    assert [review.reason for review in standing(now(change)).approvals] == [REASON]
