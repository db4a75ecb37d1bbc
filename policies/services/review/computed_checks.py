"""The checks that the console computes itself: static analysis, contracts, an up-to-date base,
and a catalogue that still says what the content froze of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from policies.governance.static_checks import Finding, findings_of
from policies.models import ChangeRequest, ComponentContract, Release
from policies.models.changes import CheckKind, Verdict
from policies.models.components import ComponentKind
from policies.services.authoring.catalogue_moves import catalogue_moves
from policies.services.authoring.retirements import retirement_findings
from policies.services.review.checks import for_content, record_check
from policies.services.review.undoing import told, undone_by
from policies.wording.contracts import contract_part

RETAKE = "Take the draft's documents over again, which takes the catalogue of today."
FROZEN = "Start a draft from the release, which takes the catalogue of today, and propose it."


def refresh_computed(change: ChangeRequest) -> None:
    """Re-run the checks that the console can answer by itself, recording what is new.

    The caller holds the change request.
    """
    answers: dict[str, Callable[[ChangeRequest], Answer]] = {
        CheckKind.STATIC_ANALYSIS: _static_analysis,
        CheckKind.CONTRACTS: _contracts,
        CheckKind.BASE_UP_TO_DATE: _base_up_to_date,
        CheckKind.CATALOGUE: _catalogue,
    }
    known = {check.kind: check for check in for_content(change, *answers)}
    for kind, answer in answers.items():
        verdict, summary, resolve, detail = answer(change)
        last = known.get(kind)
        if last and (last.verdict, last.summary, last.detail) == (verdict, summary, detail):
            continue
        record_check(
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
        f"{ComponentKind(kind).label} lacks {', '.join(map(contract_part, parts))}"
        for kind, parts in gaps.items()
    )
    resolve = "Complete the contracts in the workflow's settings."
    return Verdict.FAIL, f"{named}.", resolve, {"gaps": gaps}


def _catalogue(change: ChangeRequest) -> Answer:
    moved = [found.sentence for found in catalogue_moves(change.bundle.content)]
    detail = {"moved": moved}
    if not moved:
        return Verdict.PASS, "Its models are described as in the catalogue of today.", "", detail
    more = f" And {_more(len(moved) - 1)}." if len(moved) > 1 else ""
    resolve = FROZEN if change.draft_id is None else RETAKE
    return Verdict.FAIL, f"The catalogue moved: {moved[0]}{more}", resolve, detail


def _more(count: int) -> str:
    return f"{count} more fact{'s' if count > 1 else ''}"


def _base_up_to_date(change: ChangeRequest) -> Answer:
    active = Release.objects.active().filter(environment=change.environment)
    number, digest_of_it = active.values_list("number", "bundle__digest").first() or (None, "")
    detail = {
        "base": change.base_release.number if change.base_release else None,
        "active": number,
    }
    if digest_of_it == change.base_digest:
        summary = "Nothing is released here yet, so there is nothing to compare with."
        if number:
            summary = f"Compared with release {number}, which is active."
        return Verdict.PASS, summary, "", detail
    summary = f"Release {number} was published after this was compared with its base."
    undone = undone_by(change, active.select_related("bundle").first())
    if not undone:
        return Verdict.FAIL, summary, "Rebase the change request, then evaluate it again.", detail
    summary += f" Published as it is, this undoes part of it. {told(undone)}"
    resolve = (
        f"Rebase with merge (POST …/merge/), which takes release {number} in, then evaluate it "
        "again. A rebase without merge undoes it."
    )
    return Verdict.FAIL, summary, resolve, {**detail, "undone": undone}
