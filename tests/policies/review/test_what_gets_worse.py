"""The headline and what stands under it: whatever an interval calls worse, gated or not."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from policies.models import ChangeRequest, Environment
from policies.services.review import changes
from tests.policies.review.evidence_steps import WORSE_IN_COMPLEX, compared, evaluated, in_short
from tests.policies.review.test_review_page import page
from tests.policies.review_steps import measure
from tests.policies.steps import documents, in_review, now, planned, proposed, published

UNDER_ROUTING = compared("under_routing_rate", "Under-routing")
SLOWER = compared("latency_p95_ms", "Latency p95", "reliability")


@pytest.fixture
def change(staging: Environment, author: User, owner: User) -> ChangeRequest:
    """A second release in review."""
    published(staging, author, [owner], owner)
    return in_review(staging, author, documents(share=50))


def test_headline__a_class_gets_worse_though_the_gates_pass__says_so_and_names_it(
    client: Client, change: ChangeRequest, reviewer: User
) -> None:
    evaluated(change, WORSE_IN_COMPLEX)
    said = page(client, change, reviewer)
    assert "Ready to approve, but mean quality in class Complex gets worse" in said
    assert "Gates pass, but mean quality in class Complex gets worse" in said
    assert "Mean quality 0.9120 → 0.8840 Class Complex" in said
    assert "−0.0280 (95% interval −0.0400 to −0.0160) on 1,200 requests" in said
    assert "gates on quality hold" not in said


@pytest.mark.parametrize(
    ("worse", "words"),
    [
        ((UNDER_ROUTING, WORSE_IN_COMPLEX), "but quality gets worse"),
        ((SLOWER,), "but latency p95 gets worse"),
        ((WORSE_IN_COMPLEX, SLOWER), "but mean quality in class Complex and latency p95 get worse"),
    ],
)
def test_headline__names_what_gets_worse_by_concern(
    client: Client,
    change: ChangeRequest,
    reviewer: User,
    worse: tuple[dict[str, object], ...],
    words: str,
) -> None:
    evaluated(change, *worse)
    assert f"Ready to approve, {words}" in page(client, change, reviewer)


def test_nothing_worse__is_said_with_what_that_rests_on(
    client: Client, change: ChangeRequest, reviewer: User
) -> None:
    evaluated(change)
    said = page(client, change, reviewer)
    assert "Ready to approve All 5 checks pass" in said
    assert "no interval lies on the worse side of zero" in said
    assert "4,000 requests in 2,013 conversations; 1,884 of them are treated differently." in said


def test_support__names_what_no_request_reaches_and_the_effective_number(
    client: Client, change: ChangeRequest, reviewer: User
) -> None:
    support = {
        "requests": 4000, "unsupported": 3, "moved": 12, "clusters": 2013,
        "effective_clusters": 9.6, "unreached": [{"words": "rule “refunds”"}],
    }  # fmt: skip
    evaluated(change, support=support)
    said = page(client, change, reviewer)
    assert "which count as 9 independent conversations" in said
    assert "no request reaches rule “refunds”" in said
    assert "3 go to a model that was not recorded" in said


def test_no_request_treated_differently__never_reads_as_nothing_worse(
    client: Client, change: ChangeRequest, reviewer: User
) -> None:
    unmoved = {"requests": 4000, "unsupported": 0, "moved": 0, "clusters": 2013}
    evaluated(change, support={**unmoved, "effective_clusters": 0.0})
    said = page(client, change, reviewer)
    assert "Not known: no request of the dataset is treated differently." in said
    assert "none of them are treated differently." in said
    assert "no interval lies" not in said
    evaluated(change, support={**unmoved, "effective_clusters": 0.0, "proved_alike": True})
    assert "no interval lies" in page(client, change, reviewer)


def test_evaluation__without_what_gets_worse__never_reads_as_nothing_worse(
    client: Client, change: ChangeRequest, reviewer: User
) -> None:
    said = page(client, change, reviewer)
    assert "This evaluation does not tell" in said
    assert "no interval lies" not in said


def test_lost_fallbacks_and_more_failed_calls__are_listed_and_in_the_headline(
    client: Client, change: ChangeRequest, reviewer: User
) -> None:
    measure(change, affected_share=0.2, fallback_lost_share=0.093)
    evaluated(change, failed_calls={"baseline": 16, "candidate": 28})
    said = page(client, change, reviewer)
    assert "Ready to approve, but fallbacks are lost" in said
    assert "Lost fallbacks 9.3% Of 4,000 requests no other model is tried any more" in said
    assert "Failed calls 16 → 28 All requests" in said


def test_long_list__hides_neither_lost_fallbacks_nor_failed_calls(
    client: Client, change: ChangeRequest, reviewer: User
) -> None:
    many = [compared("mean_quality", "Mean quality", class_key=f"c{i}") for i in range(9)]
    measure(change, affected_share=0.2, fallback_lost_share=0.5)
    evaluated(change, *many, failed_calls={"baseline": 1, "candidate": 2})
    said = page(client, change, reviewer)
    assert said.index("Lost fallbacks") < said.index("4 more") < said.index("Class c8")
    assert said.index("Failed calls") < said.index("4 more")


def test_in_short__has_quality_reliability_cost_and_speed(
    client: Client, change: ChangeRequest, reviewer: User
) -> None:
    evaluated(change, in_short=in_short(quality="worse"))
    said = page(client, change, reviewer)
    for name, word in (
        ("Quality", "Worse"),
        ("Reliability", "No change"),
        ("Cost", "Better"),
        ("Speed", "No clear change"),
    ):
        assert f"{name} 0.9120 → 0.8840 {word}" in said


def test_first_release__is_compared_with_nothing_and_says_so(
    client: Client, staging: Environment, author: User, reviewer: User
) -> None:
    planned(staging)
    change = proposed(staging, author)
    evaluated(change)
    changes.submit(now(change), acting_user=author)
    said = page(client, change, reviewer)
    assert "Gates pass, with nothing to compare with" in said
    assert "Quality 0.8840 Mean quality; nothing to compare with" in said
    assert "What gets worse The first release: there is nothing to compare it with." in said
