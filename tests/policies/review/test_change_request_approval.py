"""An approval counts for exactly what was seen, and is enough when the right people gave one."""

import pytest
from django.contrib.auth.models import User

from policies.governance.refusals import Refused
from policies.governance.transitions import State
from policies.models import Environment
from policies.services.review import changes, reviews, standings
from tests.policies.steps import REASON, approved, in_review, now, proposed, seen, standing


def test_approval__one_of_two__stays_in_review(
    production: Environment, author: User, reviewer: User
) -> None:
    assert approved(in_review(production, author), reviewer).state == State.IN_REVIEW


def test_approval__enough_with_the_owners__is_approved(
    production: Environment, author: User, reviewer: User, owner: User
) -> None:
    change = approved(in_review(production, author), reviewer, owner)
    assert change.state == State.APPROVED
    assert change.approved_at is not None


def test_approval__enough_without_the_component_owner__stays_in_review(
    production: Environment, author: User, reviewer: User, co_author: User
) -> None:
    change = approved(in_review(production, author), reviewer, co_author)
    assert change.state == State.IN_REVIEW
    assert len(standing(change).owners_missing) == 4


def test_approval__twice_by_one_person__counts_once(
    production: Environment, author: User, owner: User
) -> None:
    change = approved(in_review(production, author), owner, owner)
    assert change.state == State.IN_REVIEW
    assert len(standing(change).approvals) == 1


def test_approval__without_evidence__is_refused(
    staging: Environment, author: User, reviewer: User
) -> None:
    change = changes.submit(proposed(staging, author), acting_user=author)
    with pytest.raises(Refused) as refusal:
        reviews.approve(change, REASON, acting_user=reviewer, seen=seen(change))
    assert refusal.value.codes == ("check.shadow_evaluation",)


def test_approval__of_something_seen_earlier__is_refused(
    staging: Environment, author: User, reviewer: User
) -> None:
    change = in_review(staging, author)
    with pytest.raises(Refused) as refusal:
        reviews.approve(change, REASON, acting_user=reviewer, seen="sha256:" + "0" * 64)
    assert refusal.value.codes == ("stale",)
    assert not now(change).reviews.exists()


def test_approval__without_reason__is_refused(
    staging: Environment, author: User, reviewer: User
) -> None:
    with pytest.raises(Refused) as refusal:
        change = in_review(staging, author)
        reviews.approve(change, "  ", acting_user=reviewer, seen=seen(change))
    assert refusal.value.codes == ("reason",)


def test_subject__names_content_base_environment_and_evidence(
    staging: Environment, production: Environment, author: User
) -> None:
    first, second = in_review(staging, author), in_review(production, author)
    assert first.bundle == second.bundle
    assert standings.subject_digest(first) != standings.subject_digest(second)
