"""Checks: what a change request must show, and what it has shown so far."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from policies.engine import digest
from policies.governance.impact_facts import bound_facts, impact_facts
from policies.models import ChangeRequest, Check, EvidencePlan
from policies.models.changes import CheckKind, Verdict
from policies.services.locking import hold_change
from policies.services.review.voiding import void_approvals

# What approvals are bound to, besides the worst impact that was measured; the two others say only
# whether the present moment is right.
EVIDENCE = frozenset({CheckKind.STATIC_ANALYSIS, CheckKind.SHADOW_EVALUATION})
MISSING: dict[str, tuple[str, str]] = {
    CheckKind.SHADOW_EVALUATION: (
        "No shadow evaluation on the evidence plan has finished for this content and base.",
        "Evaluate it on the plan.",
    ),
    CheckKind.IMPACT: (
        "The blast radius of this exact content against this base is not computed yet.",
        "Wait a moment: it is computed by itself.",
    ),
}
SET_A_PLAN = "Set one in the environment's settings: which datasets, under which conditions."


@dataclass(frozen=True)
class CheckState:
    """A required check as it stands for the present content and base."""

    kind: str
    label: str
    verdict: str
    summary: str
    resolve: str
    url: str
    evidence_digest: str
    check: Check | None

    @property
    def passes(self) -> bool:
        return self.verdict == Verdict.PASS


@dataclass(frozen=True)
class Evidence:
    """What a change request has shown: the newest check of each kind for its present content and
    base, and every impact that was measured of it, the oldest first."""

    newest: Mapping[str, Check]
    impacts: tuple[Check, ...]


@transaction.atomic
def record_check(
    change: ChangeRequest,
    kind: str,
    verdict: str,
    summary: str,
    *,
    bundle_digest: str,
    base_digest: str,
    resolve: str = "",
    detail: dict[str, Any] | None = None,
    url: str = "",
    evidence_digest: str = "",
    evidence_plan: EvidencePlan | None = None,
    valid_until: datetime.datetime | None = None,
) -> Check:
    """Bring evidence to a change request. It counts only for the content and base it names.

    Other evidence than the approvers saw voids their approvals; so the change is held, lest
    somebody approves the old evidence meanwhile.
    """
    hold_change(change)
    said = {"kind": kind, "verdict": verdict, "summary": summary, "detail": detail or {}}
    before = _bound_of(change, kind)
    check = Check.objects.create(
        change=change,
        kind=kind,
        verdict=verdict,
        summary=summary,
        resolve=resolve,
        detail=detail or {},
        url=url,
        bundle_digest=bundle_digest,
        base_digest=base_digest,
        evidence_digest=evidence_digest or digest(said),
        evidence_plan=evidence_plan,
        valid_until=valid_until,
    )
    if _bound_of(change, kind) != before:
        label = CheckKind(kind).label.lower()
        void_approvals(change, f"New evidence: {label}.", acting_user=None)
    return check


def _bound_of(change: ChangeRequest, kind: str) -> object:
    """What approvals are bound to of the checks of one kind."""
    if kind == CheckKind.IMPACT:
        return bound_facts([impact_facts(check.detail) for check in for_content(change, kind)])
    check = newest(change, kind) if kind in EVIDENCE else None
    return check.evidence_digest if check else ""


def newest(change: ChangeRequest, kind: str) -> Check | None:
    """The last evidence of a kind for the present content and base."""
    return for_content(change, kind).last()


def for_content(change: ChangeRequest, *kinds: str) -> QuerySet[Check]:
    """Evidence of these kinds for the present content and base, the oldest first."""
    return Check.objects.filter(
        change=change,
        kind__in=kinds,
        bundle_digest=change.bundle.digest,
        base_digest=change.base_digest,
    ).order_by("pk")


def evidence_of(change: ChangeRequest) -> Evidence:
    """All the evidence that anybody asks for, in one query."""
    subject = (change.bundle.digest, change.base_digest)
    rows = Check.objects.filter(change=change, bundle_digest=subject[0], base_digest=subject[1])
    found = list(rows.order_by("pk"))
    return Evidence(
        {row.kind: row for row in found},
        tuple(row for row in found if row.kind == CheckKind.IMPACT),
    )


def states_of(change: ChangeRequest, evidence: Evidence | None = None) -> list[CheckState]:
    """Every check that is required of it, each with its newest evidence for this content."""
    newest_of = (evidence or evidence_of(change)).newest
    return [
        _evaluated(change, newest_of.get(kind))
        if kind == CheckKind.SHADOW_EVALUATION
        else _state(kind, newest_of.get(kind))
        for kind in change.protection.required_checks
    ]


def _evaluated(change: ChangeRequest, check: Check | None) -> CheckState:
    """What was measured, as far as it counts: on the plan that binds the change, and not long ago.

    What was shown of a closed change request stays as it was.
    """
    if not change.is_open:
        return _state(CheckKind.SHADOW_EVALUATION, check)
    plan = change.evidence_plan
    if plan is None:
        unbound = _state(CheckKind.SHADOW_EVALUATION, None)
        return replace(unbound, summary=no_plan(change.environment.name), resolve=SET_A_PLAN)
    if check is not None and check.evidence_plan_id != plan.pk:
        check = None
    state = _state(CheckKind.SHADOW_EVALUATION, check)
    if check is None or check.valid_until is None or check.valid_until > timezone.now():
        return state
    stale = (
        f"Measured more than {plan.fresh_days} days ago, so it no longer counts. "
        f"It said: {check.summary}"
    )
    return replace(
        state, verdict=Verdict.MISSING, summary=stale, resolve="Evaluate it on the plan again."
    )


def no_plan(environment: str) -> str:
    """Said wherever evidence is asked for."""
    return f"{environment} has no evidence plan, so no evaluation counts there."


def _state(kind: str, check: Check | None) -> CheckState:
    label = CheckKind(kind).label
    if check is None:
        summary, resolve = MISSING.get(kind, ("Not run yet.", "Save the change request again."))
        return CheckState(kind, label, Verdict.MISSING, summary, resolve, "", "", None)
    return CheckState(
        kind,
        label,
        check.verdict,
        check.summary,
        check.resolve,
        check.url,
        check.evidence_digest,
        check,
    )
