"""What the review page shows: all that a product owner needs to decide, read in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from policies.differences import Change, describe_difference
from policies.models import AuditEvent, ChangeRequest, ComponentVersion
from policies.models.components import ComponentKind
from policies.services import checks, guards, merging
from policies.transitions import TRANSITIONS, State


@dataclass(frozen=True)
class ComponentChange:
    """What changes in one component, in words."""

    kind: str
    label: str
    old: ComponentVersion | None
    new: ComponentVersion
    changes: list[Change]


def review_context(change: ChangeRequest, user: User) -> dict[str, Any]:
    """Template context of the review page."""
    states = checks.states_of(change)
    standing = guards.standing_of(change, states)
    obstacles = {action: guards.why_not(action, change, user) for action in TRANSITIONS}
    return {
        "workflow": change.workflow,
        "environment": change.environment.name,
        "change": change,
        "state": State(change.state),
        "checks": states,
        "failing_checks": [state for state in states if not state.passes],
        "findings": findings(states),
        "acknowledged": set(change.acknowledged),
        "standing": standing,
        "allowed": {action for action, reasons in obstacles.items() if not reasons},
        "obstacles": obstacles,
        "still_needed": guards.still_needed(change, states, standing),
        "component_changes": component_changes(change),
        "three_way": merging.comparison_of(change),
        "history": history(change),
        "evidence_runs": change.checks.filter(kind="shadow_evaluation").order_by("-pk"),
        "comments": change.comments.select_related("author"),
        "reviews": change.reviews.select_related("reviewer"),
        "releases": change.releases.select_related("environment"),
        "contributors": change.contributors.all(),
    }


def findings(states: list[checks.CheckState]) -> list[dict[str, Any]]:
    """What the static analysis found, as kept with its check."""
    for state in states:
        if state.kind == "static_analysis" and state.check is not None:
            return list(state.check.detail.get("findings", []))
    return []


def component_changes(change: ChangeRequest) -> list[ComponentChange]:
    """Differences to the base for each touched component; nothing for the untouched ones."""
    base = change.base_release.bundle if change.base_release else None
    described = []
    for kind in guards.touched_components(change):
        new = getattr(change.bundle, kind)
        old = getattr(base, kind) if base else None
        words = describe_difference(kind, old.document, new.document) if old else []
        label = ComponentKind(kind).label
        described.append(ComponentChange(kind, label, old, new, words))
    return described


def history(change: ChangeRequest) -> list[AuditEvent]:
    """Audit rows about this change request, newest first."""
    rows = AuditEvent.objects.filter(
        object_type="changerequest", object_id=str(change.pk)
    ).select_related("actor")
    return list(rows[:50])
