"""The review in a real browser: on a phone, by dialog, and readable by everybody."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from policies.governance.transitions import State
from policies.models import ChangeRequest, Comment, Environment, ReviewDebt
from policies.services.releases import freezing, scheduling
from policies.services.review import changes
from tests.policies.news.test_notifications_browser import enter
from tests.policies.review_steps import HOUR, measure, ruled
from tests.policies.steps import URGENT, documents, in_review, now, published
from tests.services.browser import violations_in_both_themes

RULES = [{"condition": "rerouted", "above": 0.2, "approvals": 1, "role": None}]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def change(
    staging: Environment, administrator: User, author: User, owner: User, reviewer: User
) -> ChangeRequest:
    """A second release in review with a rule on risk, a thread and a time."""
    published(staging, author, [owner], owner)
    ruled(staging, administrator, risk_rules=RULES)
    change = in_review(staging, author, documents(share=50))
    measure(change, affected_share=0.3, rerouted_share=0.3, cost={"mean_usd": 0.001})
    scheduling.schedule(change, timezone.now() + 48 * HOUR, acting_user=author)
    changes.comment(change, "Why half?", anchor="/router_policy/rules/0", acting_user=reviewer)
    return now(change)


def test_phone__summary_discussion_and_approval(
    page: Page, live_server: LiveServer, change: ChangeRequest, reviewer: User
) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    enter(page, live_server, reviewer)
    page.goto(f"{live_server.url}{change.get_absolute_url()}")
    expect(page.get_by_text("Ready to approve").first).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    thread = page.locator(".discuss").first
    thread.locator("summary").click()
    thread.locator("textarea").fill("And the substitute?")
    thread.get_by_role("button", name="Start a thread").click()
    expect(page.get_by_text("2 threads not resolved")).to_be_visible()
    assert Comment.objects.threads().count() == 2
    page.locator("summary", has_text="Decide").click()
    page.get_by_label("Reason").fill("It does what it says.")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("1 of 2 approvals given")).to_be_visible()


def test_break_glass__asks_for_a_reason_and_shows_what_is_passed_over(
    page: Page, live_server: LiveServer, change: ChangeRequest, operator: User
) -> None:
    enter(page, live_server, operator)
    page.goto(f"{live_server.url}{change.get_absolute_url()}")
    page.get_by_role("link", name="Enter your password").click()
    page.get_by_label("Password").fill("a-good-password")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Break the glass …").click()
    dialog = page.get_by_role("dialog", name="Publish without its reviews?")
    expect(dialog.get_by_text("2 more approvals")).to_be_visible()
    dialog.get_by_label("Why it cannot wait").fill(URGENT)
    dialog.get_by_role("button", name="Break the glass and publish").click()
    expect(page.get_by_text("Published without its reviews")).to_be_visible()
    assert ReviewDebt.objects.get().is_open
    assert now(change).state == State.PUBLISHED


def test_pages__of_the_review__are_accessible_in_both_themes(
    page: Page, live_server: LiveServer, change: ChangeRequest, owner: User
) -> None:
    start = timezone.now()
    freezing.freeze(change.workflow, start, start + HOUR, "Sale.", acting_user=owner)
    enter(page, live_server, owner)
    for address in (
        change.get_absolute_url(),
        "/w/support-assistant/settings/environments/staging/",
        "/w/support-assistant/settings/",
        "/w/support-assistant/releases/",
        "/account/password/",
    ):
        page.goto(f"{live_server.url}{address}")
        assert violations_in_both_themes(page) == [], address


def test_rules_on_risk__are_added_by_hand(
    page: Page, live_server: LiveServer, staging: Environment, administrator: User
) -> None:
    enter(page, live_server, administrator)
    page.goto(f"{live_server.url}/w/support-assistant/settings/environments/staging/")
    page.get_by_role("button", name="Add a rule").click()
    page.get_by_label("When").select_option("cost_change")
    page.get_by_label("Approvals", exact=False).last.fill("2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("needs a share")).to_be_visible()
    page.get_by_label("More than").fill("12.5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    staging.refresh_from_db()
    (rule,) = staging.risk_rules
    assert (rule["condition"], rule["above"], rule["approvals"]) == ("cost_change", 0.125, 2)
