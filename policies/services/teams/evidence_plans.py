"""Evidence plans of environments: a new version, and whom it binds."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from policies.engine import digest
from policies.governance.evidence_plans import PlanTerms, problems_of, weakens
from policies.governance.refusals import Reason, Refused
from policies.models import ChangeRequest, Environment, EvidencePlan
from policies.services import audit
from policies.services.locking import locked_environment, locked_open_changes
from policies.services.review import standings
from policies.services.review.followups import content_is_new
from policies.services.review.settling import settle


def require_sound(terms: PlanTerms) -> None:
    """Raise Refused with every field that cannot be."""
    problems = problems_of(terms)
    if problems:
        raise Refused(*(Reason(name, f"{name}: {sentence}") for name, sentence in problems))


@transaction.atomic
def apply_plan(
    environment: Environment,
    terms: PlanTerms,
    *,
    acting_user: User,
    note: str = "",
    set_alone: bool = False,
    apply_now: bool = False,
) -> EvidencePlan:
    """The next version, in force at once for what is opened from now on.

    It binds an open change request if it asks for no less than the plan that bound it, or if
    `apply_now`: then approvals of what was shown before are void.
    """
    environment = locked_environment(environment.pk)
    changes = locked_open_changes(Q(environment=environment))
    before = EvidencePlan.objects.in_force(environment)
    plan = EvidencePlan.objects.create(
        environment=environment,
        version=before.version + 1 if before else 1,
        note=note,
        set_alone=set_alone,
        created_by=acting_user,
        **terms.as_json(),
    )
    audit.record(
        "evidence_plan.set",
        plan,
        acting_user=acting_user,
        workflow=environment.workflow,
        before=digest(before.terms.as_json()) if before else "",
        after=digest(terms.as_json()),
        detail={"environment": environment.name, "version": plan.version, "note": note},
    )
    for change in changes:
        if apply_now or _asks_no_less(plan, change):
            _bind(change, plan, acting_user)
    return plan


def _asks_no_less(plan: EvidencePlan, change: ChangeRequest) -> bool:
    bound_by = change.evidence_plan
    return bound_by is None or not weakens(bound_by.terms, plan.terms)


def _bind(change: ChangeRequest, plan: EvidencePlan, acting_user: User) -> None:
    subject = standings.subject_digest(change)
    change.evidence_plan = plan
    change.save(update_fields=["evidence_plan", "updated_at"])
    because = f"The evidence plan of {plan.environment.name} was changed."
    settle(change, acting_user=acting_user, subject_before=subject, because=because)
    content_is_new(change)
