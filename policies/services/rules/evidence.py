"""An environment's evidence plan, changed: what asks for less needs a second person."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from policies.governance.evidence_plans import PlanTerms, weakens
from policies.models import Environment, EvidencePlan, Release, RuleChange
from policies.models.rule_changes import RuleChangeKind
from policies.services.locking import locked_environment
from policies.services.rights import require_right
from policies.services.rules.asking import ask
from policies.services.rules.kind import environment_of, of_environment
from policies.services.teams.evidence_plans import apply_plan, require_sound


@transaction.atomic
def change_plan(
    environment: Environment,
    terms: PlanTerms,
    *,
    acting_user: User,
    why: str = "",
    apply_now: bool = False,
) -> RuleChange | None:
    """Ask for another evidence plan. None where it says what the one in force says.

    What asks for as much as before, or more, is in force at once and binds open change requests,
    too. What asks for less waits for a second person, and then binds change requests opened
    afterwards; with `apply_now` those that are open, too, which lose their approvals. Until the
    first release nothing waits.
    """
    team = environment.workflow.team
    require_right("manage_environments", team, acting_user=acting_user, to="set evidence plans")
    require_sound(terms)
    environment = locked_environment(environment.pk)
    present = EvidencePlan.objects.in_force(environment)
    if present is not None and present.terms == terms:
        return None
    change = RuleChange(
        kind=RuleChangeKind.EVIDENCE_PLAN,
        team=team,
        workflow=environment.workflow,
        environment=environment,
        subject=f"evidence plan of {environment.name}",
        before=_said(present),
        proposed=terms.as_json(),
        weakens=weakens(present.terms if present else None, terms),
        why=why.strip(),
        apply_now=apply_now,
        proposed_by=acting_user,
    )
    is_bound = Release.objects.filter(environment=environment).exists()
    return ask(change, EVIDENCE_PLAN, is_bound=is_bound)


def _said(plan: EvidencePlan | None) -> dict[str, Any]:
    return plan.terms.as_json() if plan is not None else {}


def _current(environment: Environment) -> dict[str, Any]:
    return _said(EvidencePlan.objects.in_force(environment))


def _put_in_force(change: RuleChange) -> None:
    apply_plan(
        environment_of(change),
        PlanTerms.from_json(change.proposed),
        acting_user=change.proposed_by,
        note=change.why,
        set_alone=change.alone,
        apply_now=change.apply_now,
    )


EVIDENCE_PLAN = of_environment(_current, _put_in_force)
