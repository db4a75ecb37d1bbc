"""Who let a release out, on which evidence: kept with it, and signed in what routers receive.

The form is told in docs/delivery.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User

from policies.delivery.body import utc_text
from policies.models import ChangeRequest, Check, Release, Review
from policies.models.changes import CheckKind
from policies.models.releases import ReleaseKind
from policies.services.review.checks import CheckState
from policies.services.review.facts import ChangeFacts
from policies.services.review.standings import Standing

Attestation = dict[str, Any]
DATASET = ("name", "digest", "verdict", "look", "requests")
GATE = ("id", "class", "verdict", "estimate", "low", "high", "confidence", "limit")
UNTOLD: Attestation = {
    "change_request": None,
    "approvals_required": None,
    "approvals": [],
    "checks": [],
    "evidence": None,
    "impact": None,
    "passed_over": [],
}


def of_publication(
    facts: ChangeFacts,
    standing: Standing,
    *,
    published_by: User,
    kind: str = ReleaseKind.PUBLICATION,
    reason: str = "",
    passed_over: Iterable[str] = (),
) -> Attestation:
    """Of a change request that is about to be published, by what its guards have just looked at."""
    change = facts.change
    return {
        "kind": kind,
        "reason": reason,
        "published_by": published_by.get_username(),
        "scheduled": kind == ReleaseKind.PUBLICATION and change.publish_at is not None,
        "change_request": _change(change, standing),
        "approvals": _approvals(facts, standing.approvals),
        "approvals_required": standing.required,
        "checks": [_check(state) for state in facts.states],
        "evidence": _evidence(facts),
        "impact": _impact(facts.newest_check(CheckKind.IMPACT)),
        "restores": None,
        "passed_over": list(passed_over),
    }


def of_rollback(
    restored: Release,
    reviewed: Release | None,
    approvers: Iterable[str],
    *,
    published_by: User,
    reason: str,
) -> Attestation:
    """Of content that is restored: what was attested when it had its approvals, and who gave them,
    if only afterwards. What it had gone out past is not forgotten.
    """
    kept: Attestation = {**UNTOLD, **(reviewed.attestation if reviewed else {})}
    known = {approval["user"]: approval for approval in kept["approvals"]}
    return {
        **kept,
        "kind": ReleaseKind.ROLLBACK.value,
        "reason": reason,
        "published_by": published_by.get_username(),
        "scheduled": False,
        "approvals": [known.get(name, _nameless(name)) for name in approvers],
        "restores": {"number": restored.number, "digest": restored.bundle.digest},
    }


def _nameless(user: str) -> dict[str, Any]:
    """An approval of which no more was attested: of before, or given afterwards."""
    return {"user": user, "roles": [], "at": None}


def _change(change: ChangeRequest, standing: Standing) -> dict[str, Any]:
    base = change.base_release
    return {
        "number": change.number,
        "title": change.title,
        "subject_digest": standing.subject_digest,
        "base": base and {"number": base.number, "digest": base.bundle.digest},
    }


def _approvals(facts: ChangeFacts, approvals: Iterable[Review]) -> list[dict[str, Any]]:
    return [
        {
            "user": review.reviewer.get_username(),
            "roles": sorted(row.role for row in facts.members if row.user_id == review.reviewer_id),
            "at": utc_text(review.created_at),
        }
        for review in approvals
    ]


def _check(state: CheckState) -> dict[str, Any]:
    return {
        "kind": state.kind,
        "verdict": state.verdict,
        "digest": state.evidence_digest,
        "summary": state.summary,
    }


def _evidence(facts: ChangeFacts) -> dict[str, Any] | None:
    """What was measured, on which data: of a shadow evaluation on the environment's plan."""
    check = facts.newest_check(CheckKind.SHADOW_EVALUATION)
    if check is None:
        return None
    return {
        "verdict": check.verdict,
        "digest": check.evidence_digest,
        "plan_version": check.evidence_plan.version if check.evidence_plan else None,
        "datasets": [_some(row, DATASET) for row in check.detail.get("datasets", [])],
        "gates": [_some(row, GATE) for row in check.detail.get("gates", [])],
    }


def _impact(check: Check | None) -> dict[str, str] | None:
    return None if check is None else {"verdict": check.verdict, "summary": check.summary}


def _some(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: row.get(name) for name in names}
