"""One answer to "why may this person not do this now?", for guards, buttons and error texts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet

from policies.governance.permissions import CAPABILITIES, grants, roles_with
from policies.governance.refusals import Reason, Refused
from policies.governance.transitions import TRANSITIONS, State
from policies.models import ChangeRequest, Membership, Release, Review
from policies.models.changes import CheckKind, ReviewVerdict
from policies.services.review import checks, protection
from policies.services.review.contributing import worked_on
from policies.services.review.facts import ChangeFacts
from policies.services.review.quorum import impact_to_come
from policies.services.review.standings import Standing, approvals_needed, standing_of
from policies.services.rights import can


class Situation(ChangeFacts):
    """A change request as one person meets it."""

    def __init__(self, change: ChangeRequest, user: User) -> None:
        super().__init__(change)
        self.user = user

    @cached_property
    def standing(self) -> Standing:
        """For what is owed, of what went out; else of what is there now."""
        owed = self.debt.subject_digest if self.debt is not None else None
        return standing_of(self.change, self, subject=owed)

    @property
    def is_contributor(self) -> bool:
        return self.user.pk in self.contributors

    @property
    def contribution(self) -> str:
        """As the start of a sentence, what the person worked on."""
        elsewhere = self.contributors[self.user.pk].elsewhere
        return f"You {elsewhere}" if elsewhere else "You contributed to this content"

    @cached_property
    def still_needed(self) -> list[Reason]:
        return still_needed(self, self.standing)

    @cached_property
    def roles(self) -> frozenset[str]:
        """The person's own in the team, as they are now; no query where the team was read."""
        if not self.user.is_active:
            return frozenset()
        if "members" in vars(self):
            return frozenset(row.role for row in self.members if row.user_id == self.user.pk)
        own = Membership.objects.filter(team=self.change.workflow.team_id, user=self.user)
        return frozenset(own.values_list("role", flat=True))

    @property
    def own_reviews(self) -> list[Review]:
        """What the person said that still counts."""
        return [review for review in self.standing_reviews if review.reviewer_id == self.user.pk]


def reviewing_since_before(user: User, of: str = "") -> QuerySet[Membership]:
    """The person's roles that review, held since before the change request of the outer query was
    opened: `of` leads there. An approval by somebody who came later does not count.
    """
    return Membership.objects.filter(
        user=user,
        role__in=[role for role, held in CAPABILITIES.items() if "review" in held],
        team=OuterRef(f"{of}workflow__team"),
        created_at__lte=OuterRef(f"{of}created_at"),
    )


def awaiting_review_by(user: User) -> QuerySet[ChangeRequest]:
    """In review, theirs to judge by role and four eyes, and without a word of theirs yet."""
    reviewing = reviewing_since_before(user)
    said = Review.objects.standing().filter(reviewer=user)
    return (
        ChangeRequest.objects.filter(Exists(reviewing), state=State.IN_REVIEW)
        .exclude(worked_on(user))
        .exclude(pk__in=said.values("change"))
    )


def why_not(
    action: str, change: ChangeRequest, user: User, situation: Situation | None = None
) -> list[Reason]:
    """Every reason why this person may not do this to this change request now.

    Whoever asks about several actions hands over one `situation`, so that it is read only once.
    """
    transition = TRANSITIONS[action]
    situation = situation or Situation(change, user)
    reasons: list[Reason] = []
    team = change.workflow.team
    if not grants(situation.roles, transition.capability):
        who = " or ".join(roles_with(transition.capability))
        reasons.append(
            Reason("role", f"Only {who} of {team} may do this.", "Ask one of them to do it.")
        )
    is_there = change.state in transition.sources
    if not is_there:
        states = ", ".join(state.label.lower() for state in transition.sources)
        now = State(change.state).label.lower()
        reasons.append(
            Reason("state", f"This change request is {now}; it would have to be {states}.")
        )
    if looks_further(action, change):
        reasons.extend(FURTHER.get(action, _nothing)(situation))
    return reasons


def looks_further(action: str, change: ChangeRequest) -> bool:
    """Whether more than role and state is asked in the state that the change request is in."""
    is_there = change.state in TRANSITIONS[action].sources
    return is_there or (action in ALL_GATES and change.is_open)


def require_state(action: str, change: ChangeRequest, user: User) -> None:
    """Raise Refused, as `require` will, where the state alone settles it.

    Spares the checks, which could add nothing to the reasons.
    """
    if not looks_further(action, change):
        require(action, change, user)


def require(action: str, change: ChangeRequest, user: User) -> None:
    """Raise Refused with every obstacle, if there is any."""
    reasons = why_not(action, change, user)
    if reasons:
        raise Refused(*reasons)


def require_due(change: ChangeRequest) -> None:
    """Raise Refused unless a scheduled publication may go ahead now, with nobody present.

    What was approved names the time; so it is not the publisher's right that is asked for, but
    that who set the time still has that right, and that every gate is open at this moment.
    """
    reasons: list[Reason] = []
    who = change.scheduled_by
    if who is None or not can(who, TRANSITIONS["schedule"].capability, change.workflow.team):
        sentence = f"{who or 'Nobody'}, who set the time, may no longer do so."
        reasons.append(Reason("scheduler", sentence, "Publish it by hand, or set the time anew."))
    if change.state not in TRANSITIONS["publish"].sources:
        now = State(change.state).label.lower()
        reasons.append(Reason("state", f"It was {now}, not approved, when its time came."))
    facts = ChangeFacts(change)
    reasons += protection.too_late(change)
    reasons += still_needed(facts, standing_of(change, facts))
    if reasons:
        raise Refused(*reasons)


def _nothing(situation: Situation) -> list[Reason]:
    return []


def _unmet(states: list[checks.CheckState], kinds: set[str] | None = None) -> list[Reason]:
    return [
        Reason(f"check.{state.kind}", f"{state.label}: {state.summary}", state.resolve)
        for state in states
        if not state.passes and (kinds is None or state.kind in kinds)
    ]


def _submitting(situation: Situation) -> list[Reason]:
    mendable = {CheckKind.STATIC_ANALYSIS, CheckKind.CONTRACTS}
    return _unmet(situation.states, set(map(str, mendable)))


def _four_eyes(situation: Situation) -> list[Reason]:
    if not situation.is_contributor:
        return []
    return [
        Reason(
            "four_eyes",
            f"{situation.contribution}, so you may not judge it.",
            "Ask a reviewer who did not work on it.",
        )
    ]


def _approving(situation: Situation) -> list[Reason]:
    demanded = protection.re_authentication(situation.change)
    return [
        *_four_eyes(situation),
        *_too_late_a_reviewer(situation),
        *_unmet(situation.states),
        *impact_to_come(situation),
        *demanded,
    ]


def _too_late_a_reviewer(situation: Situation) -> list[Reason]:
    """Whoever was given the role for this very change request."""
    if not grants(situation.roles, "review") or situation.counts(situation.user.pk):
        return []
    sentence = (
        "You review in this team only since after this change request was opened, so an approval "
        "of yours would not count."
    )
    return [Reason("late_role", sentence, "Ask somebody who could review it from the start.")]


def _withdrawing(situation: Situation) -> list[Reason]:
    if situation.user in situation.people_here:
        return []
    return [Reason("role", "Only those who worked on a change request may withdraw it.")]


def _taking_back(situation: Situation) -> list[Reason]:
    if situation.own_reviews:
        return []
    return [Reason("review", "There is no review of yours that counts.")]


def still_needed(facts: ChangeFacts, standing: Standing) -> list[Reason]:
    """All that stands between the proposal and its publication, whoever asks."""
    must_resolve = facts.change.protection.threads_must_be_resolved
    return [
        *_unmet(facts.states),
        *approvals_needed(standing),
        *(protection.unresolved_threads(facts.comments) if must_resolve else ()),
        *protection.frozen(facts.change, facts.freezes),
    ]


def _publishing(situation: Situation) -> list[Reason]:
    change = situation.change
    demanded = protection.re_authentication(change)
    return [*situation.still_needed, *protection.not_yet_due(change), *demanded]


def _breaking_glass(situation: Situation) -> list[Reason]:
    """Only what may never be skipped: documents without errors, and a second person who is there.
    The rest becomes a debt.
    """
    change = situation.change
    reasons = protection.password_just_entered("Breaking the glass")
    if situation.is_contributor:
        sentence = f"{situation.contribution}, so you may not publish it without a review."
        resolve = "Ask an operator or administrator who did not work on it."
        reasons.append(Reason("four_eyes", sentence, resolve))
    found = situation.newest_check(CheckKind.STATIC_ANALYSIS)
    findings = found.detail.get("findings", []) if found else None
    if findings is None or any(finding["severity"] == "error" for finding in findings):
        sentence = "Static analysis finds errors, or was not run: routers could not rely on this."
        reasons.append(Reason("check.static_analysis", sentence, "Mend the errors in the draft."))
    if change.state == State.APPROVED and not bypassed(situation):
        sentence = "Nothing stands in the way of the ordinary publication."
        reasons.append(Reason("not_needed", sentence, "Publish it in the ordinary way."))
    return reasons


def bypassed(situation: Situation) -> list[Reason]:
    """What breaking the glass passes over."""
    return [*situation.still_needed, *protection.not_yet_due(situation.change)]


def _approving_afterwards(situation: Situation) -> list[Reason]:
    if situation.debt is None:
        return [NO_DEBT]
    reasons = [*_four_eyes(situation), *_too_late_a_reviewer(situation)]
    reasons += protection.re_authentication(situation.change)
    owed = (ReviewVerdict.APPROVE, situation.debt.subject_digest)
    if any((review.verdict, review.subject_digest) == owed for review in situation.own_reviews):
        reasons.append(Reason("done", "Your approval of it counts already."))
    return reasons


def _closing_debt(situation: Situation) -> list[Reason]:
    debt = situation.debt
    if debt is None:
        return [NO_DEBT]
    reasons: list[Reason] = []
    if debt.created_by_id == situation.user.pk or situation.is_contributor:
        sentence = "You broke the glass, or worked on the content: another owner has to close this."
        reasons.append(Reason("four_eyes", sentence, "Ask another owner, or pay it by approvals."))
    active = Release.objects.active().with_intent_of(debt.release).first()
    if active is not None:
        resolve = "Approve it afterwards, roll it back, or publish what replaces it."
        reasons.append(Reason("active", _still_active(active, debt.release), resolve))
    return reasons


def _still_active(active: Release, owing: Release) -> str:
    if active == owing:
        return f"Release {active.number} is still active."
    same = active.bundle_id == owing.bundle_id
    told = "has the very same content" if same else "asks for the same in other words or numbers"
    return f"Release {active.number}, which is active, {told}."


NO_DEBT = Reason("debt", "There is no review debt to settle.")
# Asked too early, these still name every gate, not only the state.
ALL_GATES = frozenset({"publish"})
FURTHER: dict[str, Callable[[Situation], list[Reason]]] = {
    "submit": _submitting,
    "approve": _approving,
    "request_changes": _four_eyes,
    "reject": _four_eyes,
    "take_back": _taking_back,
    "withdraw": _withdrawing,
    "publish": _publishing,
    "break_glass": _breaking_glass,
    "approve_afterwards": _approving_afterwards,
    "close_debt": _closing_debt,
}
