"""The review page by itself: what changes, for whom, at what cost and risk, who must say yes."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from policies.governance.transitions import State
from policies.models import ChangeRequest, Comment, Environment, Release, ReviewDebt
from policies.services.releases import breaking_glass, freezing
from policies.services.review import changes, reviews
from tests.policies.review_steps import HOUR, measure, ruled
from tests.policies.steps import (
    REASON,
    URGENT,
    approved,
    documents,
    in_review,
    now,
    proposed,
    published,
    save_and_take_over,
    seen,
)

RULES = [{"condition": "rerouted", "above": 0.2, "approvals": 1, "role": "owner"}]


@pytest.fixture
def change(
    production: Environment, administrator: User, author: User, owner: User, reviewer: User
) -> ChangeRequest:
    """A second release in review, measured, with one rule on risk that applies."""
    published(production, author, [owner, reviewer], owner)
    ruled(production, administrator, risk_rules=RULES)
    change = in_review(production, author, documents(share=50))
    measure(
        change,
        base_digest=now(change).base_digest,
        affected_share=0.34,
        rerouted_share=0.34,
        projected_cost_change=-0.12,
        cost={"mean_usd": -0.0002},
        by_class=[{"key": "simple", "requests": 2000, "affected": 1360}],
    )
    return now(change)


def page(client: Client, change: ChangeRequest, user: User) -> str:
    client.force_login(user)
    return text(client.get(change.get_absolute_url()).content.decode())


def text(markup: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup))


def act(client: Client, change: ChangeRequest, action: str, **data: str) -> int:
    return client.post(f"{change.get_absolute_url()}{action}/", data).status_code


@pytest.mark.parametrize("action", ["approve", "request-changes", "reject"])
def test_decision__that_does_not_say_what_was_seen__is_not_taken(
    client: Client, change: ChangeRequest, owner: User, action: str
) -> None:
    client.force_login(owner)
    assert act(client, change, action, reason=REASON) == 422
    assert act(client, change, action, reason=REASON, seen="sha256:" + "0" * 64) == 409
    assert not change.reviews.exists()


def test_page__answers_what_for_whom_at_what_cost_and_risk_and_by_whose_approval(
    client: Client, change: ChangeRequest, reviewer: User
) -> None:
    said = page(client, change, reviewer)
    assert "Ready to approve" in said
    assert "0 of 3 approvals given" in said
    assert re.search(r"\d changes? in 1 component", said)
    assert "34.0% of 4,000 requests" in said and "68% of class Simple" in said
    assert "12.0% less per request" in said
    assert "What it risks Gates pass 1 risk rule triggered" in said
    assert "Olga Owner, owner of the router policy" in said
    assert "Rune Reviewer" in said


def test_page__of_what_is_not_measured__says_so(
    client: Client, staging: Environment, author: User, reviewer: User
) -> None:
    said = page(client, proposed(staging, author), reviewer)
    assert "Not evaluated yet" in said
    assert "The blast radius is not measured yet" in said


def test_page__costs_few_queries(
    client: Client,
    change: ChangeRequest,
    reviewer: User,
    author: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(5):
        remark = changes.comment(
            change, "Why?", anchor="/router_policy/rules/0", acting_user=reviewer
        )
        changes.comment(change, "So.", reply_to=remark.pk, acting_user=author)
    client.force_login(reviewer)
    # The session, its person, the change with all it is made of, the switcher; then one for each
    # fact: checks, reviews, contributors, contracts, team, freezes, comments, history, answers.
    with django_assert_max_num_queries(13):
        client.get(change.get_absolute_url())


def test_discuss__beside_a_change__starts_a_thread_there_that_can_be_resolved(
    client: Client, change: ChangeRequest, reviewer: User, author: User
) -> None:
    client.force_login(reviewer)
    markup = client.get(change.get_absolute_url()).content.decode()
    found = re.search(r'name="anchor" value="(/router_policy/rules/0[^"]*)"', markup)
    assert found
    assert act(client, change, "comment", body="Why half?", anchor=found[1]) == 302
    root = Comment.objects.get()
    assert "rule “p1”" in root.anchor_words
    client.force_login(author)
    assert act(client, change, "comment", body="Cheaper.", reply_to=str(root.pk)) == 302
    assert "1 thread not resolved" in page(client, change, author)
    assert act(client, change, "resolve-thread", thread=str(root.pk)) == 302
    assert "resolved thread by Rune" in page(client, change, author)
    assert act(client, change, "reopen-thread", thread=str(root.pk)) == 302
    save_and_take_over(change, documents(share=60), author)
    assert "changed since" in page(client, change, author)


def test_schedule__set_and_cleared_on_the_page(
    client: Client, change: ChangeRequest, author: User
) -> None:
    client.force_login(author)
    moment = timezone.now() + 48 * HOUR
    assert act(client, change, "schedule", publish_at=f"{moment:%Y-%m-%dT%H:%M}") == 302
    assert "Publishes itself on" in page(client, change, author)
    assert act(client, change, "schedule", publish_at="soon") == 422
    assert act(client, change, "schedule", publish_at="2020-01-01T00:00") == 409
    assert act(client, change, "schedule", publish_at="") == 302
    assert now(change).publish_at is None


def test_freeze__is_said_where_one_would_publish(
    client: Client, change: ChangeRequest, owner: User, operator: User
) -> None:
    start = timezone.now()
    freezing.freeze(change.workflow, start, start + HOUR, "Holidays.", acting_user=operator)
    assert "Publishing to production is frozen until" in page(client, change, owner)
    for path in ("releases/", "", "settings/"):
        listed = client.get(f"/w/support-assistant/{path}").content.decode()
        assert "Holidays." in listed


def test_break_glass__on_the_page__and_its_debt_everywhere_until_paid(
    client: Client, change: ChangeRequest, operator: User, owner: User, reviewer: User
) -> None:
    client.force_login(operator)
    assert act(client, change, "break-glass", reason=URGENT) == 403
    said = page(client, change, operator)
    assert "Enter your password to publish this in an emergency" in said
    client.post("/account/password/", {"password": "a-good-password"})
    assert act(client, change, "break-glass", reason="") == 422
    assert act(client, change, "break-glass", reason="Acme is down.") == 409
    assert act(client, change, "break-glass", reason=URGENT) == 302
    debt = ReviewDebt.objects.get()
    pages = (
        "/",
        "/w/support-assistant/",
        "/w/support-assistant/releases/",
        debt.release.get_absolute_url(),
        change.get_absolute_url(),
    )
    for path in pages:
        assert "Review debt" in client.get(path).content.decode(), path
    breaking_glass.approve_afterwards(change, REASON, acting_user=reviewer, seen=seen(change))
    client.force_login(owner)
    assert act(client, change, "approve-afterwards", reason=REASON) == 422
    assert act(client, change, "approve-afterwards", reason=REASON, seen=seen(change)) == 302
    assert ReviewDebt.objects.get().is_open  # three were asked for, and two have said yes


def test_break_glass__in_a_freeze__is_said_twice(
    client: Client, change: ChangeRequest, operator: User
) -> None:
    start = timezone.now()
    freezing.freeze(change.workflow, start, start + HOUR, "Holidays.", acting_user=operator)
    client.force_login(operator)
    client.post("/account/password/", {"password": "a-good-password"})
    assert 'name="through_freeze"' in client.get(change.get_absolute_url()).content.decode()
    assert act(client, change, "break-glass", reason=URGENT) == 409
    assert act(client, change, "break-glass", reason=URGENT, through_freeze="on") == 302


def test_break_glass__by_a_reviewer__is_forbidden(
    client: Client, change: ChangeRequest, reviewer: User
) -> None:
    client.force_login(reviewer)
    assert act(client, change, "break-glass", reason="Please.") == 403
    assert Release.objects.count() == 1


def test_review__taken_back_on_the_page(
    client: Client, staging: Environment, author: User, owner: User
) -> None:
    change = approved(in_review(staging, author), owner)
    client.force_login(owner)
    assert act(client, change, "take-back", reason="I missed a case.") == 302
    assert now(change).state == State.IN_REVIEW
    assert "Taken back: I missed a case." in page(client, change, owner)
    assert act(client, change, "take-back", reason="Again.") == 409


def test_objection_taken_back__lets_the_approvals_count_again(
    staging: Environment, author: User, owner: User, reviewer: User
) -> None:
    change = approved(in_review(staging, author), owner)
    reviews.request_changes(change, "Too bold.", acting_user=reviewer, seen=seen(change))
    assert now(change).state == State.CHANGES_REQUESTED
    reviews.take_back(change, "I misread it.", acting_user=reviewer)
    assert now(change).state == State.APPROVED
