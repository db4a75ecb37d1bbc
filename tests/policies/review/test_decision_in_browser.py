"""The first screen tells what gets worse, and the decision stays at hand wherever one reads."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import FloatRect, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from policies.models import ChangeRequest, Environment
from tests.journeys.pages import overflow
from tests.journeys.people import signed_in
from tests.policies.review.evidence_steps import WORSE_IN_COMPLEX, compared, evaluated
from tests.policies.review_steps import measure
from tests.policies.steps import documents, in_review, now, published, standing
from tests.services.browser import settle, violations_in_both_themes

DESKTOP, PHONE = (1440, 900), (390, 844)
SCROLLED = "y => scrollTo(0, y)"
ALSO_WORSE = [
    compared("mean_quality", "Mean quality"),
    compared("error_rate", "Error rate", "reliability"),
    compared("latency_p99_ms", "Latency p99", "reliability", "simple"),
]


@pytest.fixture
def change(staging: Environment, author: User, owner: User) -> ChangeRequest:
    """Cheaper, and worse in one class though its gates pass; among much else that gets worse."""
    published(staging, author, [owner], owner)
    change = in_review(staging, author, documents(share=50))
    measure(change, affected_share=0.5, projected_cost_change=-0.3, cost={"mean_usd": -0.001})
    overall, *others = ALSO_WORSE
    evaluated(change, overall, WORSE_IN_COMPLEX, *others)
    return now(change)


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def review(
    request: pytest.FixtureRequest,
    page: Page,
    live_server: LiveServer,
    change: ChangeRequest,
    owner: User,
) -> Page:
    """The review page as an owner has it in front of them, on either screen."""
    width, height = request.param
    page.set_viewport_size({"width": width, "height": height})
    signed_in(page, live_server.url, owner)
    page.goto(f"{live_server.url}{change.get_absolute_url()}")
    return page


def box(part: Locator) -> FloatRect:
    found = part.bounding_box()
    assert found is not None
    return found


def height_of(page: Page) -> int:
    size: Any = page.viewport_size
    return int(size["height"])


def test_first_screen__shows_the_class_that_gets_worse_above_the_decision(review: Page) -> None:
    row = review.locator(".worse__row", has_text="Class Complex")
    bar = box(review.locator(".decision"))
    seen = box(row)
    assert seen["y"] > 0 and seen["y"] + seen["height"] <= bar["y"]
    assert bar["y"] + bar["height"] <= height_of(review)
    expect(row).to_contain_text("Mean quality")
    expect(review.locator(".summary__verdict")).to_contain_text("Ready to approve, but")
    assert overflow(review) == []


def test_decision__is_in_view_at_every_scroll_position(review: Page) -> None:
    settle(review)
    height = review.evaluate("document.documentElement.scrollHeight")
    for place in range(0, height, 900):
        review.evaluate(SCROLLED, place)
        bar = box(review.locator(".decision"))
        assert bar["y"] > 0 and bar["y"] + bar["height"] <= height_of(review)
        expect(review.locator("summary", has_text="Decide")).to_be_in_viewport(ratio=1)
    # The last of the page ends above the bar.
    assert box(review.locator("#history-title"))["y"] < bar["y"]


def test_decision_without_a_reason__is_seen_and_focused__and_what_is_typed_then_counts(
    review: Page, change: ChangeRequest
) -> None:
    review.evaluate(SCROLLED, 900)
    review.locator("summary", has_text="Decide").click()
    review.get_by_role("button", name="Approve", exact=True).click()
    error = review.get_by_text("Give a reason; a sentence is enough.")
    expect(error).to_be_in_viewport(ratio=1)
    expect(review.locator("#id_reason")).to_be_focused()
    review.keyboard.type("Cheaper, and the class is small.")
    review.get_by_role("button", name="Approve", exact=True).click()
    expect(review.get_by_text("Your approval is recorded").first).to_be_visible()
    (approval,) = standing(now(change)).approvals
    assert approval.reason == "Cheaper, and the class is small."


def test_refused_decision__is_told_where_the_focus_is(review: Page, change: ChangeRequest) -> None:
    review.locator("summary", has_text="Decide").click()
    review.locator("#id_reason").fill("It is fine.")
    evaluated(change, *ALSO_WORSE)
    review.get_by_role("button", name="Approve", exact=True).click()
    refusal = review.locator("#error-summary")
    expect(refusal).to_be_focused()
    expect(refusal).to_be_in_viewport()
    expect(review.locator("#id_reason")).to_have_value("It is fine.")


def test_open_decision__is_accessible_in_both_themes(review: Page) -> None:
    settle(review)
    review.locator("summary", has_text="Decide").click()
    review.get_by_role("button", name="Request changes").click()
    expect(review.locator("#id_reason")).to_be_focused()
    settle(review)
    assert violations_in_both_themes(review) == []
