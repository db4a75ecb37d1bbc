"""Checks: what a change request must show, and what it has shown so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from policies.engine import digest
from policies.models import ChangeRequest, Check, ComponentContract, Release
from policies.models.changes import CheckKind, Verdict
from policies.models.components import ComponentKind
from policies.services.locking import hold_change
from policies.services.retirements import retirement_findings
from policies.services.voiding import void_approvals
from policies.static_checks import Finding, findings_of

# What approvals are bound to; the two others say only whether the present moment is right.
EVIDENCE = frozenset({CheckKind.STATIC_ANALYSIS, CheckKind.SHADOW_EVALUATION})
MISSING: dict[str, tuple[str, str]] = {
    CheckKind.SHADOW_EVALUATION: (
        "No shadow evaluation of this exact content against this base has finished.",
        "Run a shadow evaluation on a dataset of this workflow.",
    ),
    CheckKind.IMPACT: (
        "The blast radius of this exact content against this base is not computed yet.",
        "Wait a moment: it is computed by itself.",
    ),
}


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
    base, and every shadow evaluation of it, the last first."""

    newest: Mapping[str, Check]
    evaluations: tuple[Check, ...]


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
) -> Check:
    """Bring evidence to a change request. It counts only for the content and base it names.

    Other evidence than the approvers saw voids their approvals; so the change is held, lest
    somebody approves the old evidence meanwhile.
    """
    hold_change(change)
    return _record(
        change,
        kind,
        verdict,
        summary,
        bundle_digest=bundle_digest,
        base_digest=base_digest,
        resolve=resolve,
        detail=detail,
        url=url,
        evidence_digest=evidence_digest,
    )


def _record(
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
) -> Check:
    said = {"kind": kind, "verdict": verdict, "summary": summary, "detail": detail or {}}
    before = _evidence_of(change, kind)
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
    )
    if kind in EVIDENCE and _evidence_of(change, kind) != before:
        label = CheckKind(kind).label.lower()
        void_approvals(change, f"New evidence: {label}.", acting_user=None)
    return check


def _evidence_of(change: ChangeRequest, kind: str) -> str:
    check = newest(change, kind)
    return check.evidence_digest if check else ""


def newest(change: ChangeRequest, kind: str) -> Check | None:
    """The last evidence of a kind for the present content and base."""
    return _for_content(change, kind).last()


def _for_content(change: ChangeRequest, *kinds: str) -> QuerySet[Check]:
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
    of_this = Q(bundle_digest=subject[0], base_digest=subject[1])
    rows = Check.objects.filter(of_this | Q(kind=CheckKind.SHADOW_EVALUATION), change=change)
    found = list(rows.order_by("pk"))
    return Evidence(
        {row.kind: row for row in found if (row.bundle_digest, row.base_digest) == subject},
        tuple(row for row in reversed(found) if row.kind == CheckKind.SHADOW_EVALUATION),
    )


def states_of(change: ChangeRequest, evidence: Evidence | None = None) -> list[CheckState]:
    """Every check the environment requires, each with its newest evidence for this content."""
    newest_of = (evidence or evidence_of(change)).newest
    return [_state(kind, newest_of.get(kind)) for kind in change.environment.required_checks]


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


def refresh_computed(change: ChangeRequest) -> None:
    """Re-run the checks that the console can answer by itself, recording what is new.

    The caller holds the change request.
    """
    answers: dict[str, Callable[[ChangeRequest], Answer]] = {
        CheckKind.STATIC_ANALYSIS: _static_analysis,
        CheckKind.CONTRACTS: _contracts,
        CheckKind.BASE_UP_TO_DATE: _base_up_to_date,
    }
    known = {check.kind: check for check in _for_content(change, *answers)}
    for kind, answer in answers.items():
        verdict, summary, resolve, detail = answer(change)
        last = known.get(kind)
        if last and (last.verdict, last.summary, last.detail) == (verdict, summary, detail):
            continue
        _record(
            change,
            kind,
            verdict,
            summary,
            resolve=resolve,
            detail=detail,
            bundle_digest=change.bundle.digest,
            base_digest=change.base_digest,
        )


Answer = tuple[str, str, str, dict[str, Any]]


def _static_analysis(change: ChangeRequest) -> Answer:
    content = change.bundle.content
    findings = [*findings_of(content), *retirement_findings(content)]
    detail = {"findings": [finding.as_dict() for finding in findings]}
    errors = [finding for finding in findings if finding.is_error]
    warnings = [finding for finding in findings if finding.is_warning]
    unread = [finding for finding in warnings if finding.name not in change.acknowledged]
    if errors:
        return Verdict.FAIL, f"{_count(errors, 'error')}.", "Mend the errors in the draft.", detail
    if unread:
        named = f"{_count(unread, 'warning')} not acknowledged."
        return Verdict.FAIL, named, "Mend each warning or acknowledge it by name.", detail
    if warnings:
        return Verdict.PASS, f"{_count(warnings, 'warning')}, all acknowledged.", "", detail
    noted = f" {_count(findings, 'note')} to read." if findings else ""
    return Verdict.PASS, f"No errors and no warnings.{noted}", "", detail


def _count(findings: list[Finding], noun: str) -> str:
    return f"{len(findings)} {noun}{'s' if len(findings) != 1 else ''}"


def _contracts(change: ChangeRequest) -> Answer:
    in_force: dict[str, ComponentContract] = {}
    for contract in ComponentContract.objects.filter(workflow=change.workflow).order_by("number"):
        in_force[contract.kind] = contract
    missing = {
        kind: in_force[kind].gaps if kind in in_force else ["contract"]
        for kind in ComponentKind.values
    }
    gaps = {kind: parts for kind, parts in missing.items() if parts}
    if not gaps:
        return Verdict.PASS, "All four components have an owner and a complete contract.", "", {}
    named = "; ".join(
        f"{ComponentKind(kind).label} lacks {', '.join(part.replace('_', ' ') for part in parts)}"
        for kind, parts in gaps.items()
    )
    resolve = "Complete the contracts in the workflow's settings."
    return Verdict.FAIL, f"{named}.", resolve, {"gaps": gaps}


def _base_up_to_date(change: ChangeRequest) -> Answer:
    active = Release.objects.active().filter(environment=change.environment)
    number, digest_of_it = active.values_list("number", "bundle__digest").first() or (None, "")
    detail = {
        "base": change.base_release.number if change.base_release else None,
        "active": number,
    }
    if digest_of_it == change.base_digest:
        name = f"release {number}" if number else "an environment without a release"
        return Verdict.PASS, f"Compared with {name}, which is active.", "", detail
    summary = f"Release {detail['active']} was published after this was compared with its base."
    return Verdict.FAIL, summary, "Rebase the change request, then evaluate it again.", detail
