"""An environment's rules, changed: what asks for less needs a second person."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from policies.governance.protection_rules import weakenings
from policies.models import Environment, Release, RuleChange, Workflow
from policies.models.rule_changes import RuleChangeKind, RuleChangeState
from policies.models.workflows import StalenessRule
from policies.services.locking import locked_environment
from policies.services.rights import require_right
from policies.services.rules.asking import ask
from policies.services.rules.kind import environment_of, of_environment
from policies.services.teams.environments import (
    EnvironmentRules,
    put_rules_in_force,
    require_sound,
)


@transaction.atomic
def change_rules(
    environment: Environment,
    rules: EnvironmentRules,
    *,
    acting_user: User,
    why: str = "",
    apply_now: bool = False,
) -> RuleChange | None:
    """Ask for other rules. None where they are those in force.

    Stricter ones bind open change requests at once. What loosens any of them waits for a second
    person, and then binds change requests opened afterwards; with `apply_now` those that are open,
    too, which lose their approvals. Until the first release, nothing waits.
    """
    team = environment.workflow.team
    require_right("manage_environments", team, acting_user=acting_user, to="manage environments")
    require_sound(rules)
    environment = locked_environment(environment.pk)
    before = EnvironmentRules.of(environment)
    if rules == before:
        return None
    change = RuleChange(
        kind=RuleChangeKind.ENVIRONMENT_RULES,
        team=team,
        workflow=environment.workflow,
        environment=environment,
        subject=f"rules of {environment.name}",
        before=asdict(before),
        proposed=asdict(rules),
        weakens=[*weakenings(before.protection, rules.protection), *_laxer(before, rules)],
        why=why.strip(),
        apply_now=apply_now,
        proposed_by=acting_user,
    )
    is_bound = Release.objects.filter(environment=environment).exists()
    return ask(change, ENVIRONMENT_RULES, is_bound=is_bound)


def _laxer(before: EnvironmentRules, after: EnvironmentRules) -> list[str]:
    """What else lets more happen without a review, or a router go on without one."""
    found = []
    if after.rollback_window_days > before.rollback_window_days:
        found.append(
            f"Releases could be restored for {after.rollback_window_days} days instead of "
            f"{before.rollback_window_days}, without a review."
        )
    if (before.when_stale, after.when_stale) == (StalenessRule.REFUSE, StalenessRule.SERVE_STALE):
        found.append("Routers would go on serving a release past its lifetime.")
    if after.delivered_share < before.delivered_share:
        found.append(
            f"A release would count as delivered at {after.delivered_share} % of the routers "
            f"instead of {before.delivered_share} %."
        )
    return found


def rules_set_alone(workflow: Workflow) -> dict[int, RuleChange]:
    """Key of an environment → the last time that one person set or loosened its rules alone,
    unless two agreed on rules since. One query."""
    rows = RuleChange.objects.with_related().filter(
        kind=RuleChangeKind.ENVIRONMENT_RULES, workflow=workflow, state=RuleChangeState.APPLIED
    )
    decisive: dict[int, RuleChange] = {}
    for change in rows.exclude(decided_by=None, alone=False):
        decisive.setdefault(change.environment_id or 0, change)
    return {key: change for key, change in decisive.items() if change.alone}


def _current(environment: Environment) -> dict[str, Any]:
    return asdict(EnvironmentRules.of(environment))


def _put_in_force(change: RuleChange) -> None:
    put_rules_in_force(
        environment_of(change),
        EnvironmentRules(**change.proposed),
        acting_user=change.proposed_by,
        loosens=bool(change.weakens),
        for_open_ones=change.apply_now or change.alone or not change.weakens,
    )


ENVIRONMENT_RULES = of_environment(_current, _put_in_force)
