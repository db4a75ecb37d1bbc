"""Who sets an evidence plan, and which change requests it binds."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from policies.governance.refusals import Refused
from policies.models import AuditEvent, Environment, EvidencePlan, Release
from policies.services.rules import deciding
from policies.services.rules.evidence import change_plan
from tests.policies.steps import (
    REASON,
    approved,
    in_review,
    now,
    plan_terms,
    planned,
    proposed,
)


def test_plan__before_the_first_release__is_set_alone_and_says_so(
    staging: Environment, administrator: User
) -> None:
    change_plan(staging, plan_terms("October"), acting_user=administrator)
    change_plan(staging, plan_terms("November"), acting_user=administrator)
    plan = EvidencePlan.objects.in_force(staging)
    assert plan is not None
    assert (plan.version, plan.set_alone, plan.terms) == (2, True, plan_terms("November"))
    rows = AuditEvent.objects.filter(action="evidence_plan.set").order_by("sequence")
    assert [row.actor_name for row in rows] == ["administrator"] * 2


def test_plan__by_somebody_who_manages_no_environments__is_refused(
    staging: Environment, author: User
) -> None:
    with pytest.raises(Refused, match="may set evidence plans"):
        change_plan(staging, plan_terms(), acting_user=author)


def test_plan__that_asks_for_less_after_a_release__waits_for_a_second_person(
    staging: Environment, release: Release, administrator: User, reviewer: User
) -> None:
    before = planned(staging)
    asked = change_plan(
        staging, plan_terms("Another"), acting_user=administrator, why="October is too old."
    )
    assert asked is not None and asked.is_waiting
    assert "would no longer be required" in asked.weakens[0]
    assert EvidencePlan.objects.in_force(staging) == before
    deciding.accept(asked, "November is what we have.", acting_user=reviewer)
    plan = EvidencePlan.objects.in_force(staging)
    assert plan is not None
    assert (plan.terms, plan.set_alone) == (plan_terms("Another"), False)


def test_plan__where_none_was_set_before_the_release__takes_a_second_person_too(
    production: Environment, release: Release, administrator: User, staging: Environment
) -> None:
    """An environment that never had one cannot be given an author's own dataset by one person."""
    Release.objects.filter(pk=release.pk).update(environment=production)
    asked = change_plan(production, plan_terms(), acting_user=administrator, why="It has none.")
    assert asked is not None and asked.is_waiting


def test_weaker_plan__decided_by_a_contributor_of_an_open_change__is_refused(
    staging: Environment, release: Release, administrator: User, co_author: User
) -> None:
    proposed(staging, co_author)
    asked = change_plan(staging, plan_terms("Mine"), acting_user=administrator, why="It is enough.")
    assert asked is not None
    with pytest.raises(Refused, match="You worked on"):
        deciding.accept(asked, "Mine is fine.", acting_user=co_author)


def test_stronger_plan__binds_open_change_requests_and_voids_what_was_shown_before(
    staging: Environment, release: Release, author: User, owner: User, administrator: User
) -> None:
    change = approved(in_review(staging, author), owner)
    assert change.state == "approved"
    terms = plan_terms("Requests of October", "Requests of November")
    change_plan(staging, terms, acting_user=administrator)
    change = now(change)
    assert change.evidence_plan is not None
    assert change.evidence_plan.terms == terms
    assert change.state == "in_review"
    assert not change.reviews.standing().exists()


def test_weaker_plan__binds_only_what_is_opened_afterwards(
    staging: Environment, release: Release, author: User, owner: User, administrator: User,
    reviewer: User,
) -> None:  # fmt: skip
    change = approved(in_review(staging, author), owner)
    asked = change_plan(
        staging, plan_terms(min_moved=5), acting_user=administrator, why="Traffic is low."
    )
    assert asked is not None
    deciding.accept(asked, REASON, acting_user=reviewer)
    assert now(change).state == "approved"
    assert now(change).evidence_plan == change.evidence_plan
    later = proposed(staging, author)
    assert later.evidence_plan is not None
    assert later.evidence_plan.min_moved == 5


def test_weaker_plan__applied_at_once__voids_the_approvals_of_open_change_requests(
    staging: Environment, release: Release, author: User, owner: User, administrator: User,
    reviewer: User,
) -> None:  # fmt: skip
    change = approved(in_review(staging, author), owner)
    asked = change_plan(
        staging, plan_terms(min_moved=5), acting_user=administrator, why="Now.", apply_now=True
    )
    assert asked is not None
    deciding.accept(asked, REASON, acting_user=reviewer)
    assert now(change).state == "in_review"
    assert not now(change).reviews.standing().exists()


def test_stronger_plan__than_a_weaker_one__does_not_loosen_what_was_opened_before_both(
    staging: Environment, release: Release, author: User, administrator: User, reviewer: User
) -> None:
    """Two steps, of which the last asks for more, must not bring a change request to less."""
    change = proposed(staging, author)
    weaker = change_plan(
        staging, plan_terms(min_moved=5), acting_user=administrator, why="Traffic is low."
    )
    assert weaker is not None
    deciding.accept(weaker, REASON, acting_user=reviewer)
    change_plan(staging, plan_terms(min_moved=50), acting_user=administrator)
    bound_by = now(change).evidence_plan
    assert bound_by is not None
    assert bound_by.min_moved == 100
