"""Evidence is what runs on the environment's plan show; nobody chooses it for their own change."""

from __future__ import annotations

import copy
import datetime
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from evaluations import tasks
from evaluations.models import Dataset, ShadowEvaluation
from evaluations.replay.terms import Terms
from evaluations.services.runs import starting
from evaluations.services.runs.answering import answer_fail
from evaluations.services.runs.evidence import judge_change
from policies.governance.refusals import Refused
from policies.governance.roles import Role
from policies.models import AuditEvent, ChangeRequest, Environment, Release, Workflow
from policies.models.changes import Verdict
from policies.services.review import changes, checks, reviews
from tests.evaluations.runs_here import computed, evaluated, imported, required
from tests.policies.cast import member
from tests.policies.steps import (
    REASON,
    documents,
    now,
    proposed,
    published,
    save_and_take_over,
    seen,
)

BAD = {"swift-small": 0.2, "orchid": 0.95, "swift-large": 0.95}
GOOD = {"swift-small": 1.0, "orchid": 1.0, "swift-large": 1.0}
ACCEPTED = "We take this loss knowingly until the model is replaced."


@pytest.fixture
def bad(workflow: Workflow, owner: User, tmp_path: Path) -> Dataset:
    """On which the small model is much worse than the others."""
    return imported(workflow, owner, tmp_path, seed=3, chances=BAD)


@pytest.fixture
def good(workflow: Workflow, author: User, tmp_path: Path) -> Dataset:
    """The author's own: whatever is asked is answered well."""
    return imported(workflow, author, tmp_path, seed=4, chances=GOOD, failures=0)


def to_the_small_model(words: str = "") -> dict[str, Any]:
    """Documents that send everything simple to the small model; `words` describe it."""
    content = copy.deepcopy(documents(share=100, margin=0.1))
    content["router_policy"]["rules"][0]["description"] = words
    return content


def worse(staging: Environment, author: User, words: str = "") -> ChangeRequest:
    return proposed(staging, author, to_the_small_model(words))


def state_of(change: ChangeRequest) -> checks.CheckState:
    states = checks.states_of(now(change))
    return next(state for state in states if state.kind == "shadow_evaluation")


@pytest.fixture
def release(staging: Environment, author: User, owner: User, good: Dataset) -> Release:
    """Sends everything simple to another model than the small one."""
    return published(staging, author, [owner], owner, documents(share=0, margin=0.1))


# --- Only runs on the plan ---------------------------------------------------------------
def test_check__where_the_environment_has_no_plan__is_missing_and_says_the_mend(
    staging: Environment, author: User, good: Dataset
) -> None:
    change = proposed(staging, author)
    computed(starting.evaluate_change(change, good, acting_user=author))
    state = state_of(change)
    assert state.verdict == Verdict.MISSING
    assert "staging has no evidence plan" in state.summary
    assert "environment's settings" in state.resolve


def test_check__after_the_author_evaluates_on_rows_of_their_own__stays_what_the_plan_says(
    staging: Environment, author: User, release: Release, bad: Dataset, good: Dataset
) -> None:
    """An author imports fabricated rows, evaluates on them, and passes: for nobody else."""
    required(staging, bad)
    change = worse(staging, author)
    assert evaluated(change, author)[0].verdict == Verdict.FAIL
    explored = computed(starting.evaluate_change(change, good, acting_user=author))
    assert explored.verdict == Verdict.PASS
    judge_change(change.pk)
    assert state_of(change).verdict == Verdict.FAIL


def test_check__exploring_under_looser_conditions_on_the_required_dataset__does_not_count(
    staging: Environment, author: User, release: Release, bad: Dataset
) -> None:
    required(staging, bad)
    change = worse(staging, author)
    computed(starting.evaluate_change(change, bad, acting_user=author, terms=Terms(0.01)))
    judge_change(change.pk)
    assert state_of(change).verdict == Verdict.MISSING


def test_check__after_the_plan_asks_for_other_conditions__is_missing_until_run_under_them(
    staging: Environment, author: User, release: Release, good: Dataset
) -> None:
    required(staging, good)
    change = proposed(staging, author, documents(share=50, margin=0.1))
    evaluated(change, author)
    assert state_of(change).verdict == Verdict.PASS
    required(staging, good, adequate_at=0.7)
    later = proposed(staging, author, documents(share=50, margin=0.1))
    judge_change(later.pk)
    assert state_of(later).verdict == Verdict.MISSING


def test_check__of_several_required_datasets__is_the_worst(
    staging: Environment, author: User, release: Release, bad: Dataset, good: Dataset
) -> None:
    required(staging, good, bad)
    change = worse(staging, author)
    runs = evaluated(change, author)
    assert [run.verdict for run in runs] == [Verdict.PASS, Verdict.FAIL]
    state = state_of(change)
    assert state.verdict == Verdict.FAIL
    assert state.check is not None
    told = {row["name"]: row["verdict"] for row in state.check.detail["datasets"]}
    assert told == {good.name: "pass", bad.name: "fail"}


def test_check__while_one_required_dataset_was_not_run__is_missing(
    staging: Environment, author: User, release: Release, good: Dataset, bad: Dataset
) -> None:
    required(staging, good)
    change = proposed(staging, author, documents(share=50, margin=0.1))
    evaluated(change, author)
    assert state_of(change).verdict == Verdict.PASS
    required(staging, good, bad)
    assert state_of(change).verdict == Verdict.MISSING


def test_summary__names_conditions_support_and_who_brought_the_rows_in(
    staging: Environment, author: User, release: Release, good: Dataset
) -> None:
    required(staging, good, adequate_at=0.7, timeout_ms={"*": 5000.0})
    change = proposed(staging, author, documents(share=50, margin=0.1))
    [run] = evaluated(change, author)
    summary = state_of(change).summary
    assert f"{run.report['support']['moved']} treated differently (" in summary
    assert f"“{good.name}” (uploaded by Anna Author on" in summary
    assert "adequate from quality 0.7, time limits 5000 ms" in summary
    assert "at least 20 requests treated differently, worth 10 independent conversations" in summary
    assert "Try 1 on this sealed share: a gate of 95% confidence passes at 97.5%" in summary


def test_evaluate__where_a_required_dataset_is_not_here__says_which(
    staging: Environment, author: User, good: Dataset, workflow: Workflow
) -> None:
    required(staging, good)
    Dataset.objects.filter(pk=good.pk).update(digest="sha256:" + "0" * 64)
    with pytest.raises(Refused, match=f"requires “{good.name}”, which this workflow does not have"):
        evaluated(proposed(staging, author), author)


@pytest.mark.parametrize("who", ["viewer", "operator", "outsider"])
def test_evaluate__by_somebody_without_the_role__is_refused(
    who: str, staging: Environment, author: User, good: Dataset, request: pytest.FixtureRequest
) -> None:
    required(staging, good)
    change = proposed(staging, author)
    with pytest.raises(Refused, match="may run evaluations"):
        evaluated(change, request.getfixturevalue(who))


# --- History follows the meaning ---------------------------------------------------------
def test_fail__of_the_same_policy_in_other_words__blocks_another_change_request(
    staging: Environment, author: User, release: Release, bad: Dataset
) -> None:
    """A description reworded in a new draft is the same policy; its failed run follows it."""
    required(staging, bad)
    first = worse(staging, author)
    evaluated(first, author)
    changes.withdraw(first, acting_user=author)
    second = worse(staging, author, "In other words.")
    assert second.bundle.digest != first.bundle.digest
    [run] = evaluated(second, author)
    assert run.change_request_id == first.pk  # nothing new would be shown
    assert state_of(second).verdict == Verdict.FAIL


def test_fail__against_an_earlier_base__blocks_after_a_rebase_as_well(
    staging: Environment, author: User, owner: User, release: Release, bad: Dataset
) -> None:
    """Another release in between takes no fail of the same policy away."""
    required(staging, bad)
    change = worse(staging, author)
    assert evaluated(change, author)[0].verdict == Verdict.FAIL
    published(staging, author, [owner], owner, documents(share=5, margin=0.1))
    changes.rebase(now(change), acting_user=author)
    judge_change(change.pk)
    assert state_of(change).verdict == Verdict.FAIL
    assert "nobody has answered that" in state_of(change).summary


def test_fail__on_a_dataset_that_is_no_longer_required__blocks_until_answered(
    staging: Environment,
    author: User,
    reviewer: User,
    release: Release,
    bad: Dataset,
    good: Dataset,
) -> None:
    required(staging, bad)
    change = worse(staging, author)
    evaluated(change, author)
    required(staging, good)
    later = worse(staging, author, "Again.")
    [passing] = evaluated(later, author)
    assert passing.verdict == Verdict.PASS
    state = state_of(later)
    assert state.verdict == Verdict.FAIL
    assert f"Failed before on “{bad.name}”, and nobody has answered that." in state.summary
    failed = change.evaluations.get(verdict=Verdict.FAIL)
    answer_fail(failed, ACCEPTED, acting_user=reviewer)
    state = state_of(later)
    assert state.verdict == Verdict.PASS
    assert f"Rune Reviewer answered a failed run: {ACCEPTED}" in state.summary


def test_fail__answered__is_still_no_pass(
    staging: Environment, author: User, reviewer: User, release: Release, bad: Dataset
) -> None:
    required(staging, bad)
    change = worse(staging, author)
    [failed] = evaluated(change, author)
    answer_fail(failed, ACCEPTED, acting_user=reviewer)
    assert state_of(change).verdict == Verdict.FAIL


def test_fail__evaluated_again__hands_back_the_same_run_and_stays(
    staging: Environment, author: User, release: Release, bad: Dataset
) -> None:
    required(staging, bad)
    change = worse(staging, author)
    assert evaluated(change, author) == evaluated(change, author)
    assert state_of(change).verdict == Verdict.FAIL


@pytest.mark.parametrize(
    ("who", "why"),
    [("author", "review"), ("viewer", "review"), ("administrator", "review")],
)
def test_answer__by_somebody_without_the_role__is_refused(
    who: str,
    why: str,
    staging: Environment,
    author: User,
    release: Release,
    bad: Dataset,
    request: pytest.FixtureRequest,
) -> None:
    required(staging, bad)
    [failed] = evaluated(worse(staging, author), author)
    with pytest.raises(Refused, match="may answer failed evaluations"):
        answer_fail(failed, ACCEPTED, acting_user=request.getfixturevalue(who))


def test_answer__by_somebody_made_reviewer_for_it__is_refused(
    staging: Environment, author: User, administrator: User, release: Release, bad: Dataset
) -> None:
    required(staging, bad)
    change = worse(staging, author)
    [failed] = evaluated(change, author)
    late = member(staging.workflow.team, administrator, "late", "Late Reviewer", Role.REVIEWER)
    with pytest.raises(Refused) as refusal:
        answer_fail(failed, ACCEPTED, acting_user=late)
    assert refusal.value.codes == ("late_role",)
    changes.withdraw(change, acting_user=author)
    worse(staging, author)  # opened when they could review already
    answer_fail(failed, ACCEPTED, acting_user=late)


def test_answer__by_whoever_worked_on_the_same_in_other_words__is_refused(
    staging: Environment, author: User, co_author: User, release: Release, bad: Dataset
) -> None:
    required(staging, bad)
    [failed] = evaluated(worse(staging, author), author)
    worse(staging, co_author, "In other words.")
    with pytest.raises(Refused, match="You contributed to this content"):
        answer_fail(failed, ACCEPTED, acting_user=co_author)


def test_answer__without_substance_or_to_what_did_not_fail__is_refused(
    staging: Environment, author: User, reviewer: User, release: Release, bad: Dataset
) -> None:
    required(staging, bad)
    [failed] = evaluated(worse(staging, author), author)
    with pytest.raises(Refused, match="at least 5 words"):
        answer_fail(failed, "ok.", acting_user=reviewer)
    explored = starting.evaluate_change(worse(staging, author), bad, acting_user=author)
    with pytest.raises(Refused, match="Only a run on the evidence plan that failed"):
        answer_fail(explored, ACCEPTED, acting_user=reviewer)


def test_answer__is_in_the_audit_trail_and_voids_what_was_approved_before(
    staging: Environment, author: User, reviewer: User, release: Release, bad: Dataset
) -> None:
    required(staging, bad)
    change = worse(staging, author)
    [failed] = evaluated(change, author)
    before = state_of(change).evidence_digest
    answer_fail(failed, ACCEPTED, acting_user=reviewer)
    row = AuditEvent.objects.get(action="evaluation.fail_answered")
    assert (row.actor_name, row.detail["reason"]) == ("reviewer", ACCEPTED)
    assert state_of(change).evidence_digest != before


# --- Submission --------------------------------------------------------------------------
def test_submission__opens_the_sealed_share_once_and_for_whoever_submits(
    staging: Environment,
    author: User,
    release: Release,
    good: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    required(staging, good)
    change = proposed(staging, author, documents(share=50, margin=0.1))
    queued: dict[str, tuple[int, ...]] = {}

    def queue(name: str, ids: tuple[int, ...] = (), *more: object, **options: object) -> None:
        queued[name] = ids

    monkeypatch.setattr(current_app, "send_task", queue)
    with django_capture_on_commit_callbacks(execute=True):
        changes.submit(change, acting_user=author)
    assert queued.get("evaluations.evaluate_submitted") == (change.pk, author.pk)
    for _ in range(2):
        tasks.evaluate_submitted(change.pk, author.pk)
    run = ShadowEvaluation.objects.get(change_request=change)
    assert (run.evidence_plan, run.created_by, run.look) == (change.evidence_plan, author, 1)


def test_submission__without_a_plan__starts_nothing_and_breaks_nothing(
    staging: Environment, author: User, good: Dataset
) -> None:
    change = proposed(staging, author)
    tasks.evaluate_submitted(change.pk, author.pk)
    assert not ShadowEvaluation.objects.filter(change_request=change).exists()


# --- Freshness ---------------------------------------------------------------------------
def test_run__older_than_the_plan_allows__no_longer_counts_until_measured_again(
    staging: Environment,
    author: User,
    owner: User,
    release: Release,
    good: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    required(staging, good, fresh_days=7)
    change = proposed(staging, author, documents(share=50, margin=0.1))
    [first] = evaluated(change, author)
    changes.submit(change, acting_user=author)
    reviews.approve(now(change), REASON, acting_user=owner, seen=seen(change))
    later = timezone.now() + datetime.timedelta(days=8)
    monkeypatch.setattr(timezone, "now", lambda: later)
    state = state_of(change)
    assert state.verdict == Verdict.MISSING
    assert "more than 7 days ago, so it no longer counts" in state.summary
    [second] = evaluated(change, author)
    assert (second.pk, second.look) != (first.pk, 0) and second.look == first.look
    assert state_of(change).verdict == Verdict.PASS
    assert now(change).state == "approved"  # what was approved is what was measured again


# --- Content and plan move ---------------------------------------------------------------
def test_check__after_an_edit_of_words__is_found_again_by_its_meaning(
    staging: Environment, author: User, release: Release, good: Dataset
) -> None:
    required(staging, good)
    change = proposed(staging, author, documents(share=50, margin=0.1))
    evaluated(change, author)
    reworded = documents(share=50, margin=0.1)
    reworded["router_policy"]["rules"][0]["description"] = "Half and half."
    save_and_take_over(change, reworded, author)
    assert state_of(change).verdict == Verdict.MISSING
    evaluated(change, author)
    assert state_of(change).verdict == Verdict.PASS
