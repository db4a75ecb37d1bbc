"""The second person: agree to a change of the rules, refuse it, or take one's own back."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from policies.governance.refusals import Reason, Refused
from policies.models import ChangeRequest, RuleChange
from policies.models.rule_changes import RuleChangeState
from policies.services.review.contributing import worked_on
from policies.services.rules.asking import note
from policies.services.rules.kinds import KINDS


@transaction.atomic
def accept(change: RuleChange, reason: str, *, acting_user: User) -> RuleChange:
    """Agree, and put it in force."""
    change = _held(change)
    _require(change, acting_user, reason)
    kind = KINDS[change.kind]
    if kind.current(change) != change.before:
        sentence = "What it changes was changed since it was proposed."
        raise Refused(Reason("stale", sentence, "Have it withdrawn and proposed again."))
    _decide(change, RuleChangeState.APPLIED, reason, acting_user)
    kind.put_in_force(change)
    note("rules.accepted", change, acting_user)
    return change


@transaction.atomic
def reject(change: RuleChange, reason: str, *, acting_user: User) -> RuleChange:
    """Refuse it for good."""
    change = _held(change)
    _require(change, acting_user, reason)
    _decide(change, RuleChangeState.REJECTED, reason, acting_user)
    note("rules.rejected", change, acting_user)
    return change


@transaction.atomic
def withdraw(change: RuleChange, *, acting_user: User) -> RuleChange:
    """Take back what one proposed."""
    change = _held(change)
    reasons = _decided_already(change)
    if change.proposed_by_id != acting_user.pk:
        reasons.append(
            Reason("role", f"Only {change.proposed_by}, who proposed it, may withdraw it.")
        )
    if reasons:
        raise Refused(*reasons)
    change.state, change.decided_at = RuleChangeState.WITHDRAWN, timezone.now()
    change.save(update_fields=["state", "decided_at"])
    note("rules.withdrawn", change, acting_user)
    return change


def waiting_for(user: User) -> list[RuleChange]:
    """What waits for a decision that this person may take. Two queries at most."""
    own = ChangeRequest.objects.open().filter(worked_on(user), workflow__team=OuterRef("team"))
    rows = RuleChange.objects.waiting().visible_to(user).with_related()
    rows = rows.exclude(proposed_by=user)
    rows = rows.exclude(Exists(own.filter(environment=OuterRef("environment"))))
    rows = rows.exclude(Exists(own), environment=None)
    return [
        change
        for change in rows
        if change.proposed.get("user_id") != user.pk and KINDS[change.kind].may_decide(user, change)
    ]


def why_not_decide(change: RuleChange, user: User) -> list[Reason]:
    """Every reason why this person may not agree to it or refuse it."""
    reasons = _decided_already(change)
    kind = KINDS[change.kind]
    if not kind.may_decide(user, change):
        sentence = f"Only {kind.deciders(change)} may decide this."
        reasons.append(Reason("role", sentence, "Ask one of them to do it."))
    if user.pk in (change.proposed_by_id, change.proposed.get("user_id")):
        what = "You proposed it" if change.proposed_by_id == user.pk else "It is a role for you"
        sentence = f"{what}, so a second person has to decide."
        reasons.append(Reason("four_eyes", sentence, f"Ask {kind.deciders(change)}."))
    return reasons + _helped(change, user)


def _helped(change: RuleChange, user: User) -> list[Reason]:
    concerned = KINDS[change.kind].concerned(change)
    rows = ChangeRequest.objects.open().filter(concerned, worked_on(user))
    own = [f"#{number}" for number in rows.order_by("number").values_list("number", flat=True)]
    if not own:
        return []
    sentence = f"You worked on {', '.join(own)}, which this could help."
    return [Reason("four_eyes", sentence, "Ask somebody who worked on none of them.")]


def _held(change: RuleChange) -> RuleChange:
    RuleChange.objects.select_for_update(no_key=True).values_list("pk").get(pk=change.pk)
    return RuleChange.objects.with_related().get(pk=change.pk)


def _require(change: RuleChange, acting_user: User, reason: str) -> None:
    reasons = why_not_decide(change, acting_user)
    proposer = change.proposed_by
    if not KINDS[change.kind].may_propose(proposer, change):
        sentence = f"{proposer}, who proposed it, may no longer do so."
        reasons.append(Reason("proposer", sentence, "Propose it again."))
    if not reason.strip():
        reasons.append(Reason("reason", "A decision needs a reason.", "Say why in a sentence."))
    if reasons:
        raise Refused(*reasons)


def _decided_already(change: RuleChange) -> list[Reason]:
    if change.is_waiting:
        return []
    return [Reason("state", f"It is {change.get_state_display().lower()} already.")]


def _decide(change: RuleChange, state: RuleChangeState, reason: str, acting_user: User) -> None:
    change.state, change.decision_reason = state, reason.strip()
    change.decided_by, change.decided_at = acting_user, timezone.now()
    change.save(update_fields=["state", "decision_reason", "decided_by", "decided_at"])
