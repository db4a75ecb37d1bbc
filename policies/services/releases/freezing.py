"""Freeze windows: times in which nothing is published, each with its reason."""

from __future__ import annotations

import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from policies.governance.refusals import Reason, Refused
from policies.models import ChangeRequest, Environment, FreezeWindow, Workflow
from policies.services import audit
from policies.services.locking import locked_environment
from policies.services.review.contributing import worked_on
from policies.services.rights import require_right


@transaction.atomic
def freeze(
    workflow: Workflow,
    starts_at: datetime.datetime,
    ends_at: datetime.datetime,
    reason: str,
    *,
    acting_user: User,
    environment: Environment | None = None,
) -> FreezeWindow:
    """Let nothing be published between two moments, in one environment or in all of them.

    Rollback and break-glass go on. Whoever publishes at this moment comes before or after.
    """
    require_right("freeze", workflow.team, acting_user=acting_user, to="freeze publication")
    reasons = []
    if environment is not None and environment.workflow_id != workflow.pk:
        reasons.append(Reason("environment", f"{environment} belongs to another workflow."))
    if ends_at <= starts_at:
        reasons.append(Reason("ends_at", "It ends before it starts.", "Choose a later end."))
    if ends_at <= timezone.now():
        reasons.append(Reason("ends_at", "That time is over.", "Choose a later end."))
    if not reason.strip():
        reasons.append(Reason("reason", "A freeze needs a reason.", "Say why in a sentence."))
    if reasons:
        raise Refused(*reasons)
    _hold_environments(workflow, environment)
    window = FreezeWindow.objects.create(
        workflow=workflow,
        environment=environment,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip(),
        created_by=acting_user,
    )
    _note("freeze.created", window, acting_user)
    return window


@transaction.atomic
def lift(window: FreezeWindow, *, acting_user: User) -> FreezeWindow:
    """End a freeze before its time, or call it off. Doing so again changes nothing.

    Nobody opens the way for an open change request that they worked on.
    """
    require_right("freeze", window.workflow.team, acting_user=acting_user, to="lift a freeze")
    _hold_environments(window.workflow, window.environment)
    window = FreezeWindow.objects.select_related("workflow__team", "environment").get(pk=window.pk)
    now = timezone.now()
    if window.lifted_at is not None:
        return window
    own = _held_back(window, acting_user)
    if own:
        sentence = f"You worked on {', '.join(own)}, which this freeze holds back."
        resolve = "Ask an operator or administrator who did not."
        raise Refused(Reason("four_eyes", sentence, resolve))
    if window.ends_at <= now:
        raise Refused(Reason("state", "This freeze is over already."))
    window.lifted_at, window.lifted_by = now, acting_user
    window.save(update_fields=["lifted_at", "lifted_by"])
    _note("freeze.lifted", window, acting_user)
    return window


def _held_back(window: FreezeWindow, user: User) -> list[str]:
    """Numbers of open change requests of this person in the environments that it freezes."""
    rows = ChangeRequest.objects.open().filter(worked_on(user), workflow=window.workflow_id)
    if window.environment_id is not None:
        rows = rows.filter(environment=window.environment_id)
    return [f"#{number}" for number in rows.order_by("number").values_list("number", flat=True)]


def _hold_environments(workflow: Workflow, environment: Environment | None) -> None:
    """A publication holds its environment, too: so no freeze begins in the middle of one."""
    rows = Environment.objects.filter(workflow=workflow).order_by("pk")
    for pk in [environment.pk] if environment else list(rows.values_list("pk", flat=True)):
        locked_environment(pk)


def _note(action: str, window: FreezeWindow, acting_user: User) -> None:
    audit.record(
        action,
        window,
        acting_user=acting_user,
        workflow=window.workflow,
        detail={
            "environment": window.environment.name if window.environment else "*",
            "starts_at": window.starts_at.astimezone(datetime.UTC).isoformat(),
            "ends_at": window.ends_at.astimezone(datetime.UTC).isoformat(),
            "reason": window.reason,
        },
    )
