"""Environments of a workflow and the rules of review that hold in each."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from policies.engine import digest
from policies.governance.protection_rules import ProtectionRules, strictest
from policies.governance.refusals import Reason, Refused
from policies.governance.risk_rules import read_rules
from policies.models import ChangeRequest, Environment, RuleChange, Workflow
from policies.models.changes import CheckKind
from policies.models.rule_changes import RuleChangeKind, RuleChangeState
from policies.models.workflows import StalenessRule, default_required_checks
from policies.services import audit
from policies.services.locking import locked_open_changes
from policies.services.review import standings
from policies.services.review.settling import settle
from policies.services.review.voiding import void_approvals
from policies.services.rights import require_right


@dataclass(frozen=True)
class EnvironmentRules:
    """What an environment asks of a change request, and of the routers that use its releases."""

    position: int = 0
    required_approvals: int = 1
    required_checks: list[str] = field(default_factory=default_required_checks)
    release_lifetime_days: int = 365
    when_stale: str = StalenessRule.SERVE_STALE
    rollback_window_days: int = 30
    risk_rules: list[dict[str, Any]] = field(default_factory=list)
    threads_must_be_resolved: bool = False
    reauthenticate_to_approve: bool = False
    delivered_share: int = 100

    @staticmethod
    def of(environment: Environment) -> EnvironmentRules:
        return EnvironmentRules(
            **{name: getattr(environment, name) for name in EnvironmentRules.__dataclass_fields__}
        )

    @property
    def protection(self) -> ProtectionRules:
        """The part that a change request has to satisfy."""
        return ProtectionRules.read(asdict(self))


@transaction.atomic
def create_environment(
    workflow: Workflow,
    name: str,
    *,
    acting_user: User,
    rules: EnvironmentRules | None = None,
) -> Environment:
    """Add a place where releases may apply, with its protection rules."""
    rules = rules or EnvironmentRules()
    _require_manager(workflow, acting_user)
    require_sound(rules)
    if Environment.objects.filter(workflow=workflow, name=name).exists():
        raise Refused(
            Reason("taken", f"{workflow} has an environment {name} already.", "Name it otherwise.")
        )
    environment = Environment.objects.create(workflow=workflow, name=name, **asdict(rules))
    RuleChange.objects.create(
        kind=RuleChangeKind.ENVIRONMENT_RULES,
        team=workflow.team,
        workflow=workflow,
        environment=environment,
        subject=f"rules of {name}",
        proposed=asdict(rules),
        alone=True,
        state=RuleChangeState.APPLIED,
        proposed_by=acting_user,
        decided_at=timezone.now(),
    )
    _note_environment("environment.created", environment, acting_user, {}, asdict(rules))
    return environment


def put_rules_in_force(
    environment: Environment,
    rules: EnvironmentRules,
    *,
    acting_user: User,
    loosens: bool,
    for_open_ones: bool,
) -> None:
    """Replace the rules, once whoever has to agree has agreed; the environment is held.

    Open change requests that are bound by rules which loosen something lose their approvals.
    """
    before = EnvironmentRules.of(environment)
    changes = locked_open_changes(Q(environment=environment))
    subjects = {change.pk: standings.subject_digest(change) for change in changes}
    for name, value in asdict(rules).items():
        setattr(environment, name, value)
    environment.rules_version += 1
    environment.save(update_fields=[*asdict(rules), "rules_version"])
    _note_environment(
        "environment.updated", environment, acting_user, asdict(before), asdict(rules)
    )
    if not for_open_ones:
        return
    because = f"The rules of {environment.name} were changed."
    for change in changes:
        change.environment = environment
        _bind(change, rules.protection, loosens=loosens)
        if loosens:
            void_approvals(change, because, acting_user=acting_user)
        subject = subjects[change.pk]
        settle(change, acting_user=acting_user, subject_before=subject, because=because)


def _bind(change: ChangeRequest, rules: ProtectionRules, *, loosens: bool) -> None:
    """To these rules where they replace its own, else to the stricter of both."""
    bound = rules if loosens else strictest(change.protection, rules)
    change.rules = bound.as_json()
    change.save(update_fields=["rules", "updated_at"])


def _require_manager(workflow: Workflow, acting_user: User) -> None:
    require_right(
        "manage_environments", workflow.team, acting_user=acting_user, to="manage environments"
    )


def require_sound(rules: EnvironmentRules) -> None:
    """Raise Refused with all that is wrong with them."""
    reasons = []
    unknown = sorted(set(rules.required_checks) - set(CheckKind.values))
    if unknown:
        known = ", ".join(CheckKind.values)
        sentence = f"There is no check called {', '.join(unknown)}."
        reasons.append(Reason("required_checks", sentence, f"Choose among {known}."))
    if len(set(rules.required_checks)) < len(rules.required_checks):
        reasons.append(Reason("required_checks", "A check is required twice.", "Name each once."))
    if rules.required_approvals < 1:
        sentence = "Somebody other than the author must approve."
        reasons.append(Reason("required_approvals", sentence, "Require one approval or more."))
    if rules.release_lifetime_days < 1:
        sentence = "A release must live for at least a day."
        reasons.append(Reason("release_lifetime_days", sentence, "Give it one day or more."))
    if rules.when_stale not in StalenessRule.values:
        known = " or ".join(StalenessRule.values)
        reasons.append(Reason("when_stale", "Unknown rule for stale releases.", f"Say {known}."))
    if not 1 <= rules.delivered_share <= 100:
        sentence = "A release is delivered when 1 to 100 per cent of the routers have it."
        reasons.append(Reason("delivered_share", sentence, "Give a share from 1 to 100."))
    try:
        read_rules(rules.risk_rules)
    except (KeyError, TypeError, ValueError) as error:
        reasons.append(Reason("risk_rules", f"The rules on risk are not sound: {error}"))
    if reasons:
        raise Refused(*reasons)


def _note_environment(
    action: str,
    environment: Environment,
    acting_user: User,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    audit.record(
        action,
        environment,
        acting_user=acting_user,
        workflow=environment.workflow,
        before=digest(before) if before else "",
        after=digest(after),
        detail={
            "environment": environment.name,
            "rules_version": environment.rules_version,
            **changed,
        },
    )
