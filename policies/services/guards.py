"""One answer to "why may this person not do this now?", for guards, buttons and error texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import QuerySet

from policies.engine import digest
from policies.models import ChangeRequest, ComponentContract, Membership, Review
from policies.models.changes import CheckKind, ReviewVerdict
from policies.models.components import ComponentKind
from policies.permissions import CAPABILITIES, can, roles_with
from policies.refusals import Reason, Refused
from policies.services import checks
from policies.transitions import TRANSITIONS, State


@dataclass(frozen=True)
class Standing:
    """Where the approvals of a change request stand."""

    subject_digest: str
    reviews: tuple[Review, ...]
    approvals: tuple[Review, ...]
    objections: tuple[Review, ...]
    required: int
    owners_missing: tuple[str, ...]

    @property
    def is_enough(self) -> bool:
        enough = len(self.approvals) >= self.required
        return enough and not self.owners_missing and not self.objections


def subject_digest(change: ChangeRequest, states: list[checks.CheckState] | None = None) -> str:
    """Digest of all that an approval is bound to: content, base, environment and evidence."""
    states = checks.states_of(change) if states is None else states
    evidence = {
        state.kind: state.evidence_digest for state in states if state.kind in checks.EVIDENCE
    }
    return digest(
        {
            "bundle": change.bundle.digest,
            "base": change.base_digest,
            "environment": change.environment.name,
            "evidence": evidence,
        }
    )


def touched_components(change: ChangeRequest) -> list[str]:
    """Kinds whose document differs from the base; all four for a first release."""
    if change.base_release is None:
        return list(ComponentKind.values)
    new, base = change.bundle, change.base_release.bundle
    kinds = ComponentKind.values
    return [kind for kind in kinds if getattr(new, f"{kind}_id") != getattr(base, f"{kind}_id")]


def component_owners(change: ChangeRequest) -> dict[str, User]:
    """The owner in force of each touched component."""
    owners: dict[str, User] = {}
    contracts = ComponentContract.objects.filter(
        workflow=change.workflow, kind__in=touched_components(change)
    )
    for contract in contracts.select_related("owner").order_by("number"):
        owners[contract.kind] = contract.owner
    return owners


def standing_of(change: ChangeRequest, states: list[checks.CheckState] | None = None) -> Standing:
    """Approvals and objections that count for the present subject, and what is still needed."""
    subject = subject_digest(change, states)
    reviews = tuple(change.reviews.standing().select_related("reviewer"))
    contributors = set(change.contributors.values_list("pk", flat=True))
    approvals = tuple(
        review
        for review in reviews
        if review.verdict == ReviewVerdict.APPROVE
        and review.subject_digest == subject
        and review.reviewer_id not in contributors
    )
    objections = tuple(review for review in reviews if review.verdict != ReviewVerdict.APPROVE)
    approvers = {review.reviewer_id for review in approvals}
    owners = component_owners(change)
    missing = tuple(
        f"{owner.get_full_name() or owner.get_username()} ({ComponentKind(kind).label.lower()})"
        for kind, owner in owners.items()
        if owner.pk not in approvers and owner.pk not in contributors
    )
    required = change.environment.required_approvals
    return Standing(subject, reviews, approvals, objections, required, missing)


def awaiting_review_by(user: User) -> QuerySet[ChangeRequest]:
    """In review, theirs to judge by role and four eyes, and without a word of theirs yet."""
    roles = [role for role, held in CAPABILITIES.items() if "review" in held]
    reviewing = Membership.objects.filter(user=user, role__in=roles)
    said = Review.objects.standing().filter(reviewer=user)
    return (
        ChangeRequest.objects.filter(
            state=State.IN_REVIEW, workflow__team__in=reviewing.values("team")
        )
        .exclude(contributors=user)
        .exclude(pk__in=said.values("change"))
    )


def why_not(action: str, change: ChangeRequest, user: User) -> list[Reason]:
    """Every reason why this person may not do this to this change request now."""
    transition = TRANSITIONS[action]
    reasons: list[Reason] = []
    team = change.workflow.team
    if not can(user, transition.capability, team):
        who = " or ".join(roles_with(transition.capability))
        reasons.append(
            Reason("role", f"Only {who} of {team} may do this.", "Ask one of them to do it.")
        )
    if change.state not in transition.sources:
        states = ", ".join(state.label.lower() for state in transition.sources)
        now = State(change.state).label.lower()
        reasons.append(
            Reason("state", f"This change request is {now}; it would have to be {states}.")
        )
    else:
        reasons.extend(FURTHER.get(action, _nothing)(change, user))
    return reasons


def require(action: str, change: ChangeRequest, user: User) -> None:
    """Raise Refused with every obstacle, if there is any."""
    reasons = why_not(action, change, user)
    if reasons:
        raise Refused(*reasons)


def _nothing(change: ChangeRequest, user: User) -> list[Reason]:
    return []


def _unmet(states: list[checks.CheckState], kinds: set[str] | None = None) -> list[Reason]:
    return [
        Reason(f"check.{state.kind}", f"{state.label}: {state.summary}", state.resolve)
        for state in states
        if not state.passes and (kinds is None or state.kind in kinds)
    ]


def _submitting(change: ChangeRequest, user: User) -> list[Reason]:
    mendable = {CheckKind.STATIC_ANALYSIS, CheckKind.CONTRACTS}
    return _unmet(checks.states_of(change), set(map(str, mendable)))


def _four_eyes(change: ChangeRequest, user: User) -> list[Reason]:
    if not change.contributors.filter(pk=user.pk).exists():
        return []
    return [
        Reason(
            "four_eyes",
            "You contributed to this content, so you may not judge it.",
            "Ask a reviewer who did not work on it.",
        )
    ]


def _approving(change: ChangeRequest, user: User) -> list[Reason]:
    return [*_four_eyes(change, user), *_unmet(checks.states_of(change))]


def _withdrawing(change: ChangeRequest, user: User) -> list[Reason]:
    if change.contributors.filter(pk=user.pk).exists():
        return []
    return [Reason("role", "Only those who worked on a change request may withdraw it.")]


def still_needed(
    change: ChangeRequest, states: list[checks.CheckState], standing: Standing
) -> list[Reason]:
    """All that stands between the proposal and its publication, whoever asks."""
    reasons = _unmet(states)
    short = standing.required - len(standing.approvals)
    if short > 0:
        noun = "approval" if short == 1 else "approvals"
        reasons.append(
            Reason(
                "approvals",
                f"{short} more {noun} of this exact content needed.",
                "Ask a reviewer or owner who did not work on it.",
            )
        )
    reasons.extend(
        Reason("owner", f"{name} has not approved.", "Ask the component's owner.")
        for name in standing.owners_missing
    )
    reasons.extend(
        Reason(
            "objection",
            f"{review.reviewer} objects: {review.reason}",
            "Resolve it; an objection outranks any number of approvals.",
        )
        for review in standing.objections
    )
    return reasons


def _publishing(change: ChangeRequest, user: User) -> list[Reason]:
    states = checks.states_of(change)
    return still_needed(change, states, standing_of(change, states))


FURTHER: dict[str, Callable[[ChangeRequest, User], list[Reason]]] = {
    "submit": _submitting,
    "approve": _approving,
    "request_changes": _four_eyes,
    "reject": _four_eyes,
    "withdraw": _withdrawing,
    "publish": _publishing,
}
