"""Evidence counts only for the content and base it looked at; only a pass passes."""

import pytest
from django.contrib.auth.models import User

from policies.governance.refusals import Refused
from policies.governance.transitions import State
from policies.models import ChangeRequest, Environment
from policies.models.changes import CheckKind, Verdict
from policies.services.releases import publication
from policies.services.review import changes, checks, reviews
from tests.policies.steps import (
    REASON,
    approved,
    documents,
    in_review,
    now,
    pass_evaluation,
    proposed,
    published,
    save_and_take_over,
    seen,
)


def verdict_of(change: ChangeRequest, kind: str) -> str:
    return next(state.verdict for state in checks.states_of(now(change)) if state.kind == kind)


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.MISSING])
def test_evaluation__other_verdict_than_pass__stops_approval(
    staging: Environment, author: User, reviewer: User, verdict: str
) -> None:
    change = in_review(staging, author)
    checks.record_check(
        change,
        CheckKind.SHADOW_EVALUATION,
        verdict,
        "Too little data.",
        bundle_digest=change.bundle.digest,
        base_digest=change.base_digest,
        evidence_plan=change.evidence_plan,
    )
    with pytest.raises(Refused) as refusal:
        reviews.approve(change, REASON, acting_user=reviewer, seen=seen(change))
    assert refusal.value.codes == ("check.shadow_evaluation",)


def test_base__before_the_first_release__is_nothing_to_compare_with(
    staging: Environment, author: User, owner: User
) -> None:
    def said(change: ChangeRequest) -> str:
        found = checks.newest(now(change), CheckKind.BASE_UP_TO_DATE)
        assert found is not None and found.verdict == Verdict.PASS
        return found.summary

    assert said(proposed(staging, author)).startswith("Nothing is released here yet")
    published(staging, author, [owner], owner)
    assert "release 1, which is active" in said(proposed(staging, author, documents(share=50)))


def test_evaluation__of_earlier_content__is_missing(staging: Environment, author: User) -> None:
    change = in_review(staging, author)
    save_and_take_over(change, documents(share=50), author)
    assert verdict_of(change, CheckKind.SHADOW_EVALUATION) == Verdict.MISSING


def test_evaluation__content_back_as_it_was__counts_again(
    staging: Environment, author: User
) -> None:
    change = in_review(staging, author)
    save_and_take_over(change, documents(share=50), author)
    save_and_take_over(change, documents(), author)
    assert verdict_of(change, CheckKind.SHADOW_EVALUATION) == Verdict.PASS


def test_evaluation__after_publication__leaves_reviews_as_they_were(
    staging: Environment, author: User, owner: User
) -> None:
    change = published(staging, author, [owner], owner).change
    assert change is not None
    pass_evaluation(change, run="run-2")
    assert change.reviews.standing().count() == 1
    assert now(change).state == State.PUBLISHED


def test_contracts__incomplete__stop_submission(staging: Environment, author: User) -> None:
    staging.workflow.contracts.all().delete()
    change = proposed(staging, author)
    with pytest.raises(Refused) as refusal:
        changes.submit(change, acting_user=author)
    assert refusal.value.codes == ("check.contracts",)


def test_base__moved_meanwhile__must_be_rebased_before_publication(
    staging: Environment, author: User, owner: User
) -> None:
    late = in_review(staging, author, documents(share=70))
    published(staging, author, [owner], owner)
    assert verdict_of(late, CheckKind.BASE_UP_TO_DATE) == Verdict.FAIL
    changes.rebase(late, acting_user=author)
    assert verdict_of(late, CheckKind.BASE_UP_TO_DATE) == Verdict.PASS
    assert verdict_of(late, CheckKind.SHADOW_EVALUATION) == Verdict.MISSING


def test_publication__own_base__still_passes_afterwards(
    staging: Environment, author: User, owner: User
) -> None:
    change = approved(in_review(staging, author), owner)
    publication.publish(change, acting_user=owner)
    kinds = [check.kind for check in change.checks.filter(verdict=Verdict.FAIL)]
    assert kinds == []
