"""The audit trail's only writer, and the check that nobody changed it."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from policies.engine import canonical_bytes
from policies.governance.origin import current_origin
from policies.models import AuditEvent, AuditHead, Bundle, ChangeRequest, Team, Workflow
from policies.models.components import ComponentKind
from policies.notifications.announcements import announcement_of
from policies.services.waking import wake_after_commit, wake_planes_about
from policies.wording.events import ACTION_WORDS

GENESIS = "0" * 64
CATALOGUE_OBJECTS = ("provider", "cataloguemodel", "modelprice")


def said_by(event: AuditEvent) -> dict[str, Any]:
    """All that a row says, in plain JSON values: what is sealed, exported and shown."""
    return {
        "sequence": event.sequence,
        "time": event.time.astimezone(datetime.UTC).isoformat(timespec="microseconds"),
        "actor": event.actor_id,
        "actor_name": event.actor_name,
        "origin": event.origin,
        "address": event.address,
        "action": event.action,
        "workflow": event.workflow_id,
        "object_type": event.object_type,
        "object_id": event.object_id,
        "before": event.before,
        "after": event.after,
        "detail": event.detail,
        "previous_hash": event.previous_hash,
    }


def seal(event: AuditEvent) -> str:
    """The hash of a row: SHA-256 over the canonical form of all it says, and the hash before."""
    return hashlib.sha256(canonical_bytes(said_by(event))).hexdigest()


def as_json_line(event: AuditEvent) -> str:
    """One row of the export; `hash` makes the chain checkable outside the console."""
    return json.dumps({**said_by(event), "hash": event.hash}, ensure_ascii=False) + "\n"


def contents_of(event: AuditEvent) -> tuple[Bundle, Bundle] | None:
    """The bundles that a row's digests before and after name, with their versions; else None."""
    if not (event.before and event.after and event.workflow_id):
        return None
    bundles = Bundle.objects.filter(
        workflow=event.workflow_id, digest__in=(event.before, event.after)
    ).select_related(*ComponentKind.values)
    by_digest = {bundle.digest: bundle for bundle in bundles}
    if len(by_digest) < 2:
        return None
    return by_digest[event.before], by_digest[event.after]


def visible_to(user: User) -> QuerySet[AuditEvent]:
    """Rows about this person's workflows and teams, the shared catalogue, their own acts, and
    tokens that act as them.
    """
    if user.is_superuser:
        return AuditEvent.objects.all()
    teams = list(Team.objects.filter(memberships__user=user).values_list("slug", flat=True))
    elsewhere = Q(object_type__in=CATALOGUE_OBJECTS) | Q(detail__team__in=teams) | Q(actor=user)
    elsewhere |= Q(object_type="personaltoken", detail__user=user.get_username())
    return AuditEvent.objects.filter(
        Q(workflow__in=Workflow.objects.visible_to(user)) | Q(workflow=None) & elsewhere
    )


def filtered(user: User, chosen: Mapping[str, str]) -> QuerySet[AuditEvent]:
    """What this person may see, narrowed by workflow slug, action, actor name or object."""
    rows = visible_to(user)
    lookups = {
        "workflow": "workflow__slug",
        "action": "action",
        "actor": "actor_name",
        "object_type": "object_type",
        "object_id": "object_id",
    }
    for name, lookup in lookups.items():
        if chosen.get(name):
            rows = rows.filter(**{lookup: chosen[name]})
    return rows


def record(
    action: str,
    subject: models.Model,
    *,
    acting_user: User | None,
    workflow: Workflow | None = None,
    before: str = "",
    after: str = "",
    detail: dict[str, Any] | None = None,
) -> AuditEvent:
    """Append one row. Must run inside the transaction of the change that it records.

    `action` is a key of `ACTION_WORDS`: what nobody could read is not recorded.
    """
    if action not in ACTION_WORDS:
        raise ValueError(f"Say “{action}” in words first, in policies/wording/events.py.")
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An audit row belongs in the transaction of its change.")
    head, _ = AuditHead.objects.select_for_update().get_or_create(pk=1)
    origin = current_origin()
    event = AuditEvent(
        sequence=head.last_sequence + 1,
        time=timezone.now(),
        actor=acting_user,
        actor_name=acting_user.get_username() if acting_user else "system",
        origin=origin.way,
        address=origin.address,
        action=action,
        workflow=workflow,
        object_type=subject._meta.model_name or "",
        object_id=str(subject.pk),
        before=before,
        after=after,
        detail=detail or {},
        previous_hash=head.last_hash,
    )
    event.hash = seal(event)
    event.save(force_insert=True)
    head.last_sequence, head.last_hash = event.sequence, event.hash
    head.save(update_fields=["last_sequence", "last_hash"])
    if announcement_of(action, event.detail):
        wake_after_commit()
    wake_planes_about(event.object_type)
    return event


def record_change(
    action: str,
    change: ChangeRequest,
    *,
    acting_user: User | None,
    before: str = "",
    after: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """The same of a change request, whose number is part of the detail."""
    record(
        action,
        change,
        acting_user=acting_user,
        workflow=change.workflow,
        before=before,
        after=after,
        detail={"number": change.number, **(detail or {})},
    )


@dataclass(frozen=True)
class Break:
    """A place where the chain does not hold."""

    sequence: int
    sentence: str


def breaks() -> Iterator[Break]:
    """Walk the chain from its start and name every row that was changed, removed or moved."""
    expected, previous = 1, GENESIS
    for event in AuditEvent.objects.order_by("sequence").iterator(chunk_size=2000):
        for missing in range(expected, event.sequence):
            yield Break(missing, f"Row {missing} is missing.")
        if event.previous_hash != previous and event.sequence == expected:
            yield Break(event.sequence, f"Row {event.sequence} does not follow the row before it.")
        if seal(event) != event.hash:
            yield Break(event.sequence, f"Row {event.sequence} was changed after it was written.")
        expected, previous = event.sequence + 1, event.hash
    head, _ = AuditHead.objects.get_or_create(pk=1)
    for missing in range(expected, head.last_sequence + 1):
        yield Break(missing, f"Row {missing} is missing.")
    if expected - 1 == head.last_sequence and previous != head.last_hash:
        yield Break(head.last_sequence, f"Row {head.last_sequence} is not the one last written.")
