"""From the sign-in page to an approval without touching a mouse, the focus in sight all the way."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from policies.models import Environment
from tests.journeys.pages import watched
from tests.journeys.people import Keyboard
from tests.policies.steps import documents, in_review, now, published, standing

REASON = "Read it, rule by rule."


@pytest.mark.slow
def test_keyboard_alone__from_sign_in_to_approval(
    page: Page,
    live_server: LiveServer,
    staging: Environment,
    author: User,
    owner: User,
    reviewer: User,
) -> None:
    published(staging, author, [owner], owner)
    change = in_review(staging, author, documents(share=50))
    page.goto(live_server.url)
    keyboard = Keyboard(page)
    with watched(page) as complaints:
        keyboard.sign_in(reviewer)
        expect(page.get_by_role("heading", level=1)).to_contain_text("for you")
        keyboard.tab_to(href=change.get_absolute_url())
        keyboard.enter()
        expect(page.get_by_role("heading", level=1)).to_contain_text(change.title)
        # At hand before anything that the page tells.
        keyboard.tab_to(text="Decide", most=30)
        page.keyboard.press("Enter")
        keyboard.tab_to(name="reason", most=2)
        keyboard.type(REASON)
        keyboard.tab_to(text="Approve")
        keyboard.enter()
        expect(page.get_by_text("Your approval is recorded").first).to_be_visible()
    assert keyboard.unseen == []
    assert complaints == []
    assert [review.reason for review in standing(now(change)).approvals] == [REASON]


@pytest.mark.slow
def test_skip_link__leads_past_the_navigation(
    page: Page, live_server: LiveServer, staging: Environment, reviewer: User
) -> None:
    page.goto(live_server.url)
    keyboard = Keyboard(page)
    keyboard.sign_in(reviewer)
    expect(page.get_by_role("heading", level=1)).to_contain_text("for you")
    keyboard.tab_to(href="#main", most=2)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
