"""The whole loop in a real browser: three people, one router, from a draft to a rollback."""

from __future__ import annotations

import datetime
import json
import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.loop.poller import Arrival, Poller
from tests.services.console import Console

HOME = "/w/support-assistant/"
REASON = "Read every rule and every gate."
ROUTINE = {
    "request_id": "loop-1",
    "attributes": {"intent": "faq", "channel": "chat", "prompt_tokens": 300, "needs_tools": False},
}
NewContext = Callable[..., BrowserContext]


class Person:
    """Somebody signed in, in a browser of their own."""

    def __init__(self, new_context: NewContext, console: Console, name: str) -> None:
        self.page = new_context(base_url=console.url).new_page()
        self.page.goto("/sign-in/")
        self.page.locator(f"button[value={name}]").click()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text("for you")

    def open(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def decide(self, change: str, button: str) -> None:
        page = self.open(change)
        page.locator("summary", has_text="Decide").click()
        page.get_by_label("Reason").fill(REASON)
        page.get_by_role("button", name=button).click()

    def post(self, change: str, action: str, **fields: str) -> int:
        """Post a form the page does not offer, as somebody with a script would."""
        page = self.open(change)
        token = next(c for c in page.context.cookies() if c["name"] == "csrftoken")["value"]
        answer = page.request.post(
            f"{change}{action}/", form={"csrfmiddlewaretoken": token, **fields}
        )
        return answer.status


def start_draft(author: Person, title: str) -> str:
    """A draft of what is in force, open at the policy; its address."""
    page = author.open(f"{HOME}drafts/new/")
    page.get_by_label("What is it about?").fill(title)
    page.get_by_role("button", name="Start draft").click()
    page.get_by_role("link", name="Policy", exact=True).last.click()
    expect(page.get_by_role("heading", name="Rules")).to_be_visible()
    return page.url


def swap_routine_models(page: Page) -> None:
    """Put Gemini first; on the way both candidates are the same, which the page says at once."""
    rule = page.get_by_role("listitem").filter(has_text="routine-to-mini").first
    rule.get_by_role("button", expanded=False).first.click()
    models = rule.get_by_label("Model")
    models.first.select_option(label="gemini-2.0-flash · Google")
    expect(page.locator(".field__error").first).to_be_visible()
    rule.get_by_label("Model").nth(1).select_option(label="gpt-4o-mini · OpenAI")
    expect(page.get_by_text("This document is valid")).to_be_visible()


def propose(page: Page) -> str:
    """Open the change request for production; its address."""
    page.get_by_role("link", name="Propose change").click()
    page.get_by_label("Environment").select_option(label="production")
    page.get_by_label("Why").fill("Flash answers routine questions as well, for less.")
    page.get_by_role("button", name="Open change request").click()
    expect(page.get_by_text(re.compile(r"Change request #\d+ for production"))).to_be_visible()
    return page.url


def evaluate(author: Person, change: str) -> None:
    """Run the shadow evaluation on the evidence plan and wait for the report."""
    page = author.open(change)
    page.get_by_role("button", name="Evaluate on the plan").click()
    expect(page.get_by_role("heading", name="Gates")).to_be_visible(timeout=60_000)


def state_of(person: Person, change: str) -> str:
    page = person.open(change)
    return page.locator(".page-header .state").first.inner_text().strip()


def test_loop__three_people_in_browsers__from_draft_to_rollback(
    demo_console: Console, new_context: NewContext, poller: Poller
) -> None:
    author = Person(new_context, demo_console, "author")
    reviewer = Person(new_context, demo_console, "reviewer")
    owner = Person(new_context, demo_console, "owner")
    before = poller.decide(ROUTINE)
    assert before["model"] == "gpt-4o-mini"

    policy = start_draft(author, "Routine questions to Flash")
    swap_routine_models(author.page)
    change = propose(author.page)
    evaluate(author, change)
    author.open(change).get_by_role("button", name="Submit for review").click()
    assert state_of(author, change) == "In review"

    assert author.post(change, "approve", reason="It is mine.") == 422  # saw nothing to approve
    reviewer.decide(change, "Approve")
    owner.decide(change, "Approve")
    assert state_of(owner, change) == "Approved"

    edit_after_approval(author, policy, change)
    assert state_of(owner, change) == "In review"
    assert owner.post(change, "publish") == 409

    evaluate(author, change)
    reviewer.decide(change, "Approve")
    owner.decide(change, "Approve")
    release = publish(owner, change, poller)
    assert release.number == before["release"]["number"] + 1
    after = poller.decide(ROUTINE)
    assert after["model"] == "gemini-2.0-flash"
    report_and_read_scorecard(demo_console, poller, reviewer, after)

    roll_back(owner, before["release"]["number"])
    restored = poller.next_release(within=5)
    assert restored.number == release.number + 1
    assert restored.digest == before["release"]["digest"]
    assert poller.decide(ROUTINE)["model"] == "gpt-4o-mini"


def edit_after_approval(author: Person, policy: str, change: str) -> None:
    """Reword nothing, change a limit: the meaning is another one."""
    page = author.open(policy.replace("router_policy", "fallback_matrix"))
    attempts = page.get_by_label("Attempts")
    attempts.fill("3")
    attempts.blur()
    expect(page.get_by_text(re.compile("revision 2", re.IGNORECASE))).to_be_visible()
    page.get_by_role("button", name=re.compile("Update change request")).click()
    expect(
        page.get_by_text("Approvals of the earlier content no longer count").first
    ).to_be_visible()


def publish(owner: Person, change: str, poller: Poller) -> Arrival:
    """Publish, and see that the router has it within a second."""
    page = owner.open(change)
    page.get_by_role("button", name="Publish to production").click()
    started = time.monotonic()
    page.locator("[data-confirm-yes]").click()
    release = poller.next_release(within=10)
    expect(page.get_by_text(re.compile("is active in production")).first).to_be_visible()
    assert release.at - started < 1.5  # the publication itself is within this span
    return release


def report_and_read_scorecard(
    console: Console, poller: Poller, reader: Person, decision: dict[str, Any]
) -> None:
    """The router reports an outcome; the scorecard, narrowed to the release, counts it."""
    outcome = {
        "request_id": ROUTINE["request_id"],
        "time": datetime.datetime.now(datetime.UTC).isoformat(),
        "class": decision["class"],
        "model": decision["model"],
        "served_model": decision["model"],
        "latency_ms": 812.5,
        "input_tokens": 300,
        "output_tokens": 90,
        "quality": 1.0,
    }
    poller.send({"outcome": outcome})
    assert json.loads(poller.answers.get(timeout=10))["outcome"] == "queued"
    digest = decision["release"]["digest"]
    for _ in range(50):
        # The scheduler sums once a minute; the same sum is asked for here, so as not to wait.
        console.manage("roll_up")
        page = reader.open(f"{HOME}scorecard/?env=production&period=24h&release={digest}")
        if page.get_by_text("1 request from").count():
            return
        page.wait_for_timeout(200)
    raise AssertionError("The reported outcome never reached the scorecard.")


def roll_back(owner: Person, number: int) -> None:
    page = owner.open(f"{HOME}releases/production/{number}/")
    page.get_by_label("Reason").fill("Complaints about wrong order numbers.")
    page.get_by_role("button", name=f"Roll back to release {number}").click()
