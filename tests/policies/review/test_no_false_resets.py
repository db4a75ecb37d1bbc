"""A save without change of meaning keeps approvals; each kind of change of meaning voids them."""

import datetime
from copy import deepcopy
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from policies.governance.transitions import State
from policies.models import ChangeRequest, Environment
from policies.services.authoring import editing
from policies.services.releases import scheduling
from policies.services.review import changes, threads
from tests.policies.review_steps import HOUR, measure
from tests.policies.steps import (
    approved,
    documents,
    in_review,
    now,
    pass_evaluation,
    published,
    save_and_take_over,
    standing,
)


@pytest.fixture
def accepted(staging: Environment, author: User, owner: User) -> ChangeRequest:
    return approved(in_review(staging, author), owner)


def reordered(document: dict[str, Any]) -> dict[str, Any]:
    return dict(reversed(document.items()))


def with_defaults(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "sticky_on": None}


def test_same_documents__saved_again__keep_approvals(accepted: ChangeRequest, author: User) -> None:
    save_and_take_over(accepted, documents(), author)
    assert now(accepted).state == State.APPROVED
    assert len(standing(accepted).approvals) == 1


def test_keys_in_another_order__keep_approvals(accepted: ChangeRequest, author: User) -> None:
    policy = reordered(documents()["router_policy"])
    save_and_take_over(accepted, {"router_policy": policy}, author)
    assert now(accepted).state == State.APPROVED


def test_default_written_out__keeps_approvals(accepted: ChangeRequest, author: User) -> None:
    policy = with_defaults(documents()["router_policy"])
    save_and_take_over(accepted, {"router_policy": policy}, author)
    assert now(accepted).state == State.APPROVED


def test_save_without_meaning__by_an_approver__keeps_their_approval(
    staging: Environment, author: User, co_author: User, owner: User
) -> None:
    change = approved(in_review(staging, author), co_author, owner)
    policy = reordered(documents()["router_policy"])
    save_and_take_over(change, {"router_policy": policy}, co_author)
    assert now(change).state == State.APPROVED
    assert len(standing(change).approvals) == 2


def test_same_words_said_again__keep_approvals(accepted: ChangeRequest, author: User) -> None:
    changes.describe(accepted, accepted.title, accepted.why, acting_user=author)
    assert now(accepted).state == State.APPROVED


@pytest.mark.parametrize(("title", "why"), [("Shift traffic", "Other."), ("Other", None)])
def test_other_words__void_approvals(
    accepted: ChangeRequest, author: User, title: str, why: str | None
) -> None:
    changes.describe(accepted, title, why or accepted.why, acting_user=author)
    assert now(accepted).state == State.IN_REVIEW
    assert standing(accepted).approvals == ()
    assert accepted.reviews.get().voided_because == "The title or reason was changed."


def test_acknowledgement__voids_approvals(accepted: ChangeRequest, author: User) -> None:
    changes.acknowledge(accepted, ["a-warning"], acting_user=author)
    assert now(accepted).state == State.IN_REVIEW
    assert standing(accepted).approvals == ()


def test_comment__keeps_approvals(accepted: ChangeRequest, author: User) -> None:
    changes.comment(accepted, "Thank you.", acting_user=author)
    assert now(accepted).state == State.APPROVED


def test_evidence_the_same__keeps_approvals(accepted: ChangeRequest) -> None:
    pass_evaluation(accepted)
    assert now(accepted).state == State.APPROVED


def test_rebase_on_equal_content__keeps_approvals(accepted: ChangeRequest, author: User) -> None:
    changes.rebase(accepted, acting_user=author)
    assert now(accepted).state == State.APPROVED


def edited(kind: str) -> dict[str, Any]:
    """One change of meaning inside each component."""
    content = deepcopy(documents())
    if kind == "request_classification":
        content[kind]["default_class"] = "complex"
    elif kind == "router_policy":
        content[kind]["rules"][0]["route"]["candidates"][0]["weight"] = 50
    elif kind == "fallback_matrix":
        content[kind]["rows"][0]["then"] = ["swift-large"]
    else:
        content[kind]["thresholds"][0]["margin"] = 0.05
    return {kind: content[kind]}


@pytest.mark.parametrize("kind", documents())
def test_edit_of_a_component__voids_approvals(
    accepted: ChangeRequest, author: User, kind: str
) -> None:
    save_and_take_over(accepted, edited(kind), author)
    assert now(accepted).state == State.IN_REVIEW
    assert standing(accepted).approvals == ()
    assert accepted.reviews.get().voided_because == "The content was edited."


def test_other_environment__voids_approvals(
    accepted: ChangeRequest, author: User, production: Environment
) -> None:
    changes.describe(accepted, "Moved", "Straight on.", acting_user=author, environment=production)
    assert now(accepted).state == State.IN_REVIEW
    assert standing(accepted).approvals == ()


def test_other_evidence__voids_approvals(accepted: ChangeRequest) -> None:
    pass_evaluation(accepted, run="run-2")
    assert now(accepted).state == State.IN_REVIEW
    assert standing(accepted).approvals == ()


def test_other_schedule__voids_approvals(accepted: ChangeRequest, author: User) -> None:
    scheduling.schedule(accepted, timezone.now() + HOUR, acting_user=author)
    assert now(accepted).state == State.IN_REVIEW
    assert accepted.reviews.get().voided_because == "The schedule was changed."


def test_schedule_moved_or_cleared__voids_approvals(
    accepted: ChangeRequest, author: User, owner: User
) -> None:
    scheduling.schedule(accepted, timezone.now() + HOUR, acting_user=author)
    for moment in (timezone.now() + 2 * HOUR, None):
        assert approved(accepted, owner).state == State.APPROVED
        scheduling.schedule(accepted, moment, acting_user=author)
        assert now(accepted).state == State.IN_REVIEW
        assert standing(accepted).approvals == ()


def test_same_schedule__set_again__keeps_approvals(
    staging: Environment, author: User, owner: User, operator: User
) -> None:
    moment = timezone.now() + HOUR
    change = in_review(staging, author)
    scheduling.schedule(change, moment, acting_user=author)
    approved(change, owner)
    elsewhere = moment.astimezone(datetime.timezone(datetime.timedelta(hours=2)))
    scheduling.schedule(change, elsewhere.replace(second=0), acting_user=operator)
    assert now(change).state == State.APPROVED
    assert now(change).scheduled_by == author


def test_no_schedule__cleared__keeps_approvals(accepted: ChangeRequest, author: User) -> None:
    scheduling.schedule(accepted, None, acting_user=author)
    assert now(accepted).state == State.APPROVED


def test_thread_about_a_place__answered_and_resolved__keeps_approvals(
    accepted: ChangeRequest, author: User, owner: User
) -> None:
    remark = changes.comment(
        accepted, "Why so much?", anchor="/router_policy/rules/0", acting_user=owner
    )
    changes.comment(accepted, "It is cheaper.", reply_to=remark.pk, acting_user=author)
    threads.resolve(remark, acting_user=owner)
    assert now(accepted).state == State.APPROVED


@pytest.mark.parametrize(
    "figures",
    [
        {"rerouted_share": 0.4},
        {"rerouted_share": 0.4, "looked_at": 3000, "affected_share": 0.9},
        {"rerouted_share": 0.1, "projected_cost_change": 0.0},
        {"rerouted_share": 0.40001},
    ],
    ids=["the same", "of other counts", "milder", "the same on the page"],
)
def test_impact_measured_anew__no_worse__keeps_approvals(
    staging: Environment, author: User, owner: User, figures: dict[str, Any]
) -> None:
    change = in_review(staging, author)
    measure(change, rerouted_share=0.4)
    approved(change, owner)
    measure(change, **figures)
    assert now(change).state == State.APPROVED
    assert len(standing(change).approvals) == 1


@pytest.mark.parametrize(
    "figures",
    [
        {"rerouted_share": 0.5},
        {"projected_cost_change": -0.2},
        {"residency_changed_share": 0.01},
        {"regions_gained": {"mars": 3}},
        {"new_providers": ["Borealis"]},
        {"loosened": ["Margin doubled."]},
        {"by_class": [{"key": "simple", "requests": 10, "affected": 1}]},
        {"unreached": ["/router_policy/rules/0"]},
        {"looked_at": 0},
    ],
    ids=lambda figures: next(iter(figures)),
)
def test_impact_measured_anew__worse__voids_approvals(
    staging: Environment, author: User, owner: User, figures: dict[str, Any]
) -> None:
    change = in_review(staging, author)
    measure(change, rerouted_share=0.4)
    approved(change, owner)
    measure(change, **figures)
    assert now(change).state == State.IN_REVIEW
    assert standing(change).approvals == ()
    assert change.reviews.get().voided_because == "New evidence: blast radius."


def test_impact_measured_after_the_approval__voids_it(accepted: ChangeRequest) -> None:
    measure(accepted)
    assert now(accepted).state == State.IN_REVIEW


def test_rebase_on_other_content__voids_approvals(
    accepted: ChangeRequest, staging: Environment, author: User, owner: User
) -> None:
    published(staging, author, [owner], owner, documents(share=10))
    changes.rebase(now(accepted), acting_user=author)
    assert now(accepted).state == State.IN_REVIEW
    assert standing(accepted).approvals == ()


def test_edit_of_the_draft__not_taken_over__changes_nothing_yet(
    accepted: ChangeRequest, author: User
) -> None:
    assert accepted.draft is not None
    policy = documents(share=50)["router_policy"]
    editing.save_document(accepted.draft, "router_policy", policy, acting_user=author)
    assert now(accepted).state == State.APPROVED
    assert now(accepted).bundle == accepted.bundle
