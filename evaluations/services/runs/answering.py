"""Answers to failed runs on a plan: by somebody who did not work on what failed."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, Q

from evaluations.models import FailAnswer, ShadowEvaluation
from evaluations.services.runs.evidence import bring_evidence
from policies.governance.refusals import Reason, Refused
from policies.models import ChangeRequest
from policies.models.changes import Verdict
from policies.services import audit
from policies.services.locking import hold_open_changes
from policies.services.review import guards
from policies.services.review.contributing import worked_on
from policies.services.rights import require_right

LEAST_WORDS = 5


@transaction.atomic
def answer_fail(run: ShadowEvaluation, reason: str, *, acting_user: User) -> FailAnswer:
    """Say in writing why a failed run need not hold back what means the same.

    It clears the block, not the fail: a pass on every required dataset is still asked for.
    """
    team = run.workflow.team
    require_right("review", team, acting_user=acting_user, to="answer failed evaluations")
    hold_open_changes(Q(workflow=run.workflow_id, bundle__intent=run.candidate.intent))
    reasons = [
        *_nothing_to_answer(run),
        *_four_eyes(run, acting_user),
        *_too_late(run, acting_user),
        *_too_short(reason),
    ]
    if reasons:
        raise Refused(*reasons)
    answer = FailAnswer.objects.create(run=run, reason=reason.strip(), created_by=acting_user)
    audit.record(
        "evaluation.fail_answered",
        run,
        acting_user=acting_user,
        workflow=run.workflow,
        after=run.result_digest,
        detail={"evaluation": run.pk, "reason": answer.reason},
    )
    bring_evidence(run.candidate)
    return answer


def _nothing_to_answer(run: ShadowEvaluation) -> list[Reason]:
    if not run.look or run.verdict != Verdict.FAIL:
        return [Reason("state", "Only a run on the evidence plan that failed can be answered.")]
    if FailAnswer.objects.filter(run=run).exists():
        return [Reason("done", "This failed run is answered already.")]
    return []


def _four_eyes(run: ShadowEvaluation, user: User) -> list[Reason]:
    """Whoever worked on anything that asks for the same, in whatever words, is no judge of it."""
    of_this = ChangeRequest.objects.filter(
        workflow=run.workflow_id, bundle__intent=run.candidate.intent
    )
    if not of_this.filter(worked_on(user) | Q(contributors=user)).exists():
        return []
    return [
        Reason(
            "four_eyes",
            "You contributed to this content, so you may not answer for it.",
            "Ask a reviewer who did not work on it.",
        )
    ]


def _too_late(run: ShadowEvaluation, user: User) -> list[Reason]:
    """Whoever was given the role while a change request that asks for the same was open, as
    with approvals."""
    open_ones = ChangeRequest.objects.open().filter(
        workflow=run.workflow_id, bundle__intent=run.candidate.intent
    )
    late_for = open_ones.exclude(Exists(guards.reviewing_since_before(user))).first()
    if late_for is None:
        return []
    sentence = f"You review in this team only since after #{late_for.number} was opened."
    return [Reason("late_role", sentence, "Ask somebody who could review it from the start.")]


def _too_short(reason: str) -> list[Reason]:
    if len(reason.split()) >= LEAST_WORDS:
        return []
    sentence = f"Say in at least {LEAST_WORDS} words why this failure need not hold it back."
    return [Reason("reason", sentence)]
