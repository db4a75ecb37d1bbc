"""Ask for a change of the rules: it takes effect at once, or waits for a second person."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone

from policies.governance.refusals import Reason, Refused
from policies.models import RuleChange
from policies.models.rule_changes import RuleChangeState
from policies.services import audit
from policies.services.rules.kind import Kind


def ask(change: RuleChange, kind: Kind, *, is_bound: bool) -> RuleChange:
    """Keep what is asked for, and put it in force unless a second person has to agree.

    `is_bound` says whether something was released under the present rules: from then on what
    loosens them waits. Runs inside the caller's transaction.
    """
    if change.weakens and is_bound:
        return _wait(change)
    change.alone = bool(change.weakens)
    change.state, change.decided_at = RuleChangeState.APPLIED, timezone.now()
    change.save()
    kind.put_in_force(change)
    return change


def _wait(change: RuleChange) -> RuleChange:
    if not change.why.strip():
        sentence = f"This asks for less than before: {' '.join(change.weakens)}"
        resolve = "Say why, for the second person who has to agree."
        raise Refused(Reason("why", sentence, resolve))
    same = RuleChange.objects.waiting().filter(
        kind=change.kind, team=change.team, environment=change.environment, subject=change.subject
    )
    waiting = same.first()
    if waiting is not None:
        sentence = f"A change of this waits for a second person already, by {waiting.proposed_by}."
        raise Refused(Reason("waiting", sentence, "Have it decided or withdrawn first."))
    change.state = RuleChangeState.PROPOSED
    change.save()
    note("rules.proposed", change, change.proposed_by)
    return change


def note(action: str, change: RuleChange, acting_user: User) -> None:
    """The audit row of what happens to it."""
    team = {"team": change.team.slug} if change.team else {}
    environment = {"environment": change.environment.name} if change.environment else {}
    audit.record(
        action,
        change,
        acting_user=acting_user,
        workflow=change.workflow,
        detail={
            "kind": change.kind,
            "subject": change.subject,
            **team,
            **environment,
            "proposed": change.proposed,
            "weakens": change.weakens,
            "apply_now": change.apply_now,
            "reason": change.decision_reason or change.why,
        },
    )
