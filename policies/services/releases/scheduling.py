"""Publications at a set time: the time is part of what is approved."""

from __future__ import annotations

import datetime
import logging

from django.contrib.auth.models import User
from django.db import Error as DatabaseError
from django.db import transaction
from django.utils import timezone

from policies.governance.refusals import Reason, Refused
from policies.models import ChangeRequest
from policies.services import audit
from policies.services.locking import locked_change
from policies.services.releases import publication
from policies.services.review import guards, protection
from policies.services.review.voiding import void_approvals

FARTHEST = datetime.timedelta(days=366)
logger = logging.getLogger(__name__)


@transaction.atomic
def schedule(
    change: ChangeRequest, publish_at: datetime.datetime | None, *, acting_user: User
) -> ChangeRequest:
    """Set the time at which it publishes itself, or clear it. Another time voids approvals.

    Whole minutes count, so that a form that shows no seconds does not change the meaning.
    """
    if publish_at is not None:
        if timezone.is_naive(publish_at):
            raise ValueError("A time needs its time zone.")
        publish_at = publish_at.replace(second=0, microsecond=0)
    change = locked_change(change)
    guards.require("schedule", change, acting_user)
    if publish_at == change.publish_at:
        return change
    if publish_at is not None:
        _require_possible(change, publish_at)
    change.publish_at = publish_at
    change.scheduled_by = acting_user if publish_at else None
    change.schedule_failed_at, change.schedule_failure = None, []
    change.save(
        update_fields=[
            "publish_at",
            "scheduled_by",
            "schedule_failed_at",
            "schedule_failure",
            "updated_at",
        ]
    )
    audit.record_change(
        "change.scheduled" if publish_at else "change.unscheduled",
        change,
        acting_user=acting_user,
        detail={
            "publish_at": publish_at.astimezone(datetime.UTC).isoformat() if publish_at else None,
        },
    )
    void_approvals(change, "The schedule was changed.", acting_user=acting_user)
    return change


def _require_possible(change: ChangeRequest, publish_at: datetime.datetime) -> None:
    now = timezone.now()
    if publish_at <= now:
        raise Refused(Reason("schedule", "That time is over.", "Choose a time to come."))
    if publish_at > now + FARTHEST:
        raise Refused(Reason("schedule", "That is over a year away.", "Choose an earlier time."))
    window = protection.freeze_at(protection.freezes_ahead(change.environment), publish_at)
    if window is not None:
        raise Refused(protection.frozen_until(window, change.environment))


def publish_due() -> int:
    """Publish all whose time has come; any number of times. Returns how many went out."""
    due = ChangeRequest.objects.due_at(timezone.now()).order_by("publish_at", "pk")
    return sum(_publish_one(change) for change in due)


def _publish_one(change: ChangeRequest) -> bool:
    try:
        return publication.publish_as_scheduled(change) is not None
    except Refused as refusal:
        _note_failure(change, refusal)
    except DatabaseError:
        # The others shall not wait for this one; the scheduler tries it again.
        logger.exception("Change request %s could not be published at its time.", change.pk)
    return False


@transaction.atomic
def _note_failure(change: ChangeRequest, refusal: Refused) -> None:
    """Say why it did not go out, once. It is not tried again by itself: its time is over."""
    now = timezone.now()
    locked_change(change)
    due = ChangeRequest.objects.due_at(now).filter(pk=change.pk, publish_at=change.publish_at)
    reasons = [reason.as_dict() for reason in refusal.reasons]
    if not due.update(schedule_failed_at=now, schedule_failure=reasons, updated_at=now):
        return
    audit.record_change(
        "change.schedule_failed",
        change,
        acting_user=None,
        detail={"reason": str(refusal), "codes": list(refusal.codes)},
    )
