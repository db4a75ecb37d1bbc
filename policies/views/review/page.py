"""What the review page shows: all that a product owner needs to decide, read in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from policies.differences import Change, describe_difference
from policies.governance.evidence_facts import evidence_facts
from policies.governance.impact_facts import impact_facts
from policies.governance.refusals import Reason
from policies.governance.transitions import TRANSITIONS, State
from policies.models import AuditEvent, ChangeRequest, ComponentVersion, Membership
from policies.models.changes import CheckKind
from policies.models.components import ComponentKind
from policies.services.review import (
    checks,
    guards,
    merging,
    ownership,
    protection,
    quorum,
    threads,
)
from policies.services.review.facts import catalogue_differences, touched_components
from policies.services.review.newer_content import newer_in_draft
from policies.services.review.overlaps import overlaps_of
from policies.services.review.threads import Thread
from policies.services.routers.convergence import is_spreading, spread_of
from policies.services.teams import questions
from policies.views.review import regressions
from policies.views.review.headline import headline_of, name_of
from policies.views.review.needed import besides_people, submission
from policies.views.review.summary import Counted, answers, awaited_names, class_labels
from policies.wording.anchors import place_at

DECISIONS = frozenset({"approve", "request_changes", "reject"})


@dataclass(frozen=True)
class Discussable:
    """One change in words, the place in the new content it is about, and what is said of it."""

    change: Change
    anchor: str
    threads: list[Thread]


@dataclass(frozen=True)
class ComponentChange:
    """What changes in one component, in words."""

    kind: str
    label: str
    old: ComponentVersion | None
    new: ComponentVersion
    changes: list[Discussable]


@dataclass(frozen=True)
class Gate:
    """A gate of the shadow evaluation, and the threshold it holds to."""

    said: Mapping[str, Any]
    anchor: str
    threads: list[Thread]


@dataclass(frozen=True)
class Approver:
    """Somebody who may still approve, and as what it cannot go without them."""

    user: User
    roles: str
    must: str


def review_context(change: ChangeRequest, user: User) -> dict[str, Any]:
    """Template context of the review page."""
    _share_workflow(change)
    goes_on: bool = change.goes_on  # type: ignore[attr-defined]  # brought by `for_review`
    has_company: bool = change.has_company  # type: ignore[attr-defined]
    situation = guards.Situation(change, user)
    # Read first, where it is read at all: the person's own roles are then known, too.
    team = situation.counting_members if change.is_open or situation.debt is not None else []
    states, standing = situation.states, situation.standing
    obstacles = {action: guards.why_not(action, change, user, situation) for action in TRANSITIONS}
    discussion = threads.threads_of(change, situation.comments)
    described = component_changes(change, discussion)
    found = findings(states)
    shown = {action for action, reasons in obstacles.items() if not reasons}
    return {
        "workflow": change.workflow,
        "environment": change.environment.name,
        "change": change,
        "state": State(change.state),
        "checks": states,
        "findings": found,
        "notes_found": sum(finding["severity"] == "info" for finding in found),
        "unread_warnings": [
            finding
            for finding in found
            if finding["severity"] == "warning" and finding["name"] not in change.acknowledged
        ],
        "acknowledged": set(change.acknowledged),
        "standing": standing,
        "allowed": shown,
        "may_decide": bool(shown & DECISIONS),
        "obstacles": obstacles,
        "wants_password": any(
            _lacks_password_only(found)
            for action, found in obstacles.items()
            if action != "break_glass"
        ),
        "glass_wants_password": _lacks_password_only(obstacles["break_glass"]),
        "newer_in_draft": newer_in_draft(change),
        "component_changes": described,
        "catalogue_changes": catalogue_differences(change),
        "gates": gates(change, states, discussion),
        "three_way": merging.comparison_of(change),
        "history": history(change),
        **_discussion_context(discussion, situation),
        "reviews": situation.reviews,
        "releases": situation.releases,
        "contributors": situation.contributors.values(),
        "debt": situation.any_debt,
        "freezes": situation.freezes if change.is_open else [],
        "overlaps": overlaps_of(change) if has_company else [],
        "frozen_now": change.is_open
        and protection.freeze_at(situation.freezes, timezone.now()) is not None,
        "is_waiting": protection.is_waiting(change),
        "reading": questions.reading_for(change, is_last=not goes_on),
        **_approval_context(change, situation, team, described, obstacles["submit"]),
    }


def _discussion_context(discussion: list[Thread], situation: guards.Situation) -> dict[str, Any]:
    roots = [thread.root for thread in discussion]
    return {
        "discussion": discussion,
        "open_threads": [thread for thread in discussion if thread.is_open],
        "resolvable": {root.pk for root in roots if not threads.why_not_resolve(root, situation)},
    }


def _share_workflow(change: ChangeRequest) -> None:
    """Known already: all that hangs on a change request is of its workflow."""
    if change.base_release is not None:
        change.base_release.workflow = change.workflow
        change.base_release.environment = change.environment
    if change.repairs is not None:
        change.repairs.workflow, change.repairs.environment = change.workflow, change.environment
    if change.draft is not None:
        change.draft.workflow = change.workflow
    for version in change.bundle.versions.values():
        version.workflow = change.workflow


def _lacks_password_only(reasons: list[Reason]) -> bool:
    """Whether a password is what this person could bring; a role is not theirs to bring."""
    codes = {reason.code for reason in reasons}
    return "re_authentication" in codes and not codes & {"role", "four_eyes", "not_needed"}


def _approval_context(
    change: ChangeRequest,
    situation: guards.Situation,
    team: list[Membership],
    described: list[ComponentChange],
    to_submit: list[Reason],
) -> dict[str, Any]:
    """Who of the team may still approve, and the summary at the top, which names them."""
    standing = situation.standing
    done = {review.reviewer_id for review in standing.approvals}
    done |= set(situation.contributors)
    people = quorum.candidates(team, done)
    musts = ownership.musts(standing.owners_short)
    counted = [
        Counted(
            part.label,
            len(part.changes),
            sum(1 for entry in part.changes if entry.change.loosens),
            part.old is None,
        )
        for part in described
    ]
    awaited = awaited_names(standing, people, musts)
    listed = [name_of(one.user) for one in people if one.user.pk in musts]
    needed = situation.still_needed if change.is_open else []
    return {
        "approvers": [
            Approver(one.user, one.roles, musts.get(one.user.pk, ""))
            for one in sorted(people, key=lambda one: one.user.pk not in musts)
        ],
        "still_needed": needed,
        "needed_besides": besides_people(needed, listed),
        **_summary(change, situation, counted, awaited, to_submit),
    }


def _summary(
    change: ChangeRequest,
    situation: guards.Situation,
    counted: list[Counted],
    awaited: list[str],
    to_submit: list[Reason],
) -> dict[str, Any]:
    """The headline, what gets worse directly under it, figures in short, and the answers."""
    measured, evaluated = (
        situation.newest_check(kind) for kind in (CheckKind.IMPACT, CheckKind.SHADOW_EVALUATION)
    )
    impact = impact_facts(measured.detail) if measured else None
    evidence = evidence_facts(evaluated.detail) if evaluated else None
    base = change.base_release.bundle if change.base_release else None
    worse = regressions.what_gets_worse(evidence, impact, class_labels(change.bundle, base))
    unfit, is_unfit_only = submission(to_submit)
    is_first = base is None
    active = next((release for release in situation.releases if release.is_active), None)
    spread = spread_of(active) if active is not None else None
    return {
        "headline": headline_of(change, situation, worse.words, unfit, spread),
        "is_spreading": active is not None and is_spreading(active),
        "worse": worse,
        "is_first": is_first,
        "evaluated": evaluated,
        "figures": regressions.figures(evidence, impact, is_first=is_first),
        "answers": answers(change, situation, impact, counted, awaited, worse.of_quality),
        "unfit": unfit if is_unfit_only else [],
    }


def findings(states: list[checks.CheckState]) -> list[dict[str, Any]]:
    """What the static analysis found, as kept with its check."""
    for state in states:
        if state.kind == "static_analysis" and state.check is not None:
            return list(state.check.detail.get("findings", []))
    return []


def component_changes(change: ChangeRequest, discussion: list[Thread]) -> list[ComponentChange]:
    """Differences to the base for each touched component; nothing for the untouched ones."""
    base = change.base_release.bundle if change.base_release else None
    described = []
    content = change.bundle.content
    known = content["request_classification"]
    for kind in touched_components(change):
        new = getattr(change.bundle, kind)
        old = getattr(base, kind) if base else None
        words = (
            describe_difference(kind, base.content[kind], content[kind], classification=known)
            if base
            else []
        )
        label = ComponentKind(kind).label
        told = [_discussable(change, kind, entry, discussion) for entry in words]
        described.append(ComponentChange(kind, label, old, new, told))
    return described


def _discussable(
    change: ChangeRequest, kind: str, entry: Change, discussion: list[Thread]
) -> Discussable:
    """A removed entry is no place any more: what held it is talked about in its stead."""
    pointer = f"/{kind}{entry.pointer}"
    if entry.kind == "removed":
        pointer = pointer.rpartition("/")[0]
    while place_at(change.bundle.content, pointer) is None:
        pointer = pointer.rpartition("/")[0]
    return Discussable(entry, pointer, _about(pointer, discussion))


def _about(pointer: str, discussion: list[Thread]) -> list[Thread]:
    return [thread for thread in discussion if thread.root.anchor and thread.pointer == pointer]


def gates(
    change: ChangeRequest, states: list[checks.CheckState], discussion: list[Thread]
) -> list[Gate]:
    """The gates of the newest evaluation, each with its threshold's place."""
    state = next((state for state in states if state.kind == "shadow_evaluation"), None)
    said = state.check.detail.get("gates", []) if state and state.check else []
    listed = change.bundle.content["quality_thresholds"]["thresholds"]
    places = {entry["id"]: index for index, entry in enumerate(listed)}
    found = []
    for gate in said:
        place = places.get(gate.get("id"))
        anchor = "" if place is None else f"/quality_thresholds/thresholds/{place}"
        found.append(Gate(gate, anchor, _about(anchor, discussion) if anchor else []))
    return found


def history(change: ChangeRequest) -> list[AuditEvent]:
    """Audit rows about this change request, newest first."""
    rows = AuditEvent.objects.filter(
        object_type="changerequest", object_id=str(change.pk)
    ).select_related("actor")
    return list(rows[:50])
