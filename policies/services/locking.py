"""Rows held until a transaction ends, always in one order, so that no two writers wait in a ring.

The order: rule change, environment, change requests (lowest first; the open ones, and the one in
force where it is superseded), draft, workflow, audit head.
Locks leave keys alone (`no_key`), so that a row that merely refers to a held one (a check, a
review, an audit row) can be written meanwhile. Each read comes after the lock, in a statement of
its own: a joined row read together with the lock could be older than the lock itself.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet

from policies.governance.transitions import OPEN_STATES, State
from policies.models import ChangeRequest, Draft, Environment, Workflow


def locked_change(change: ChangeRequest) -> ChangeRequest:
    """The change request as it is in the database now.

    What is closed stays closed, and nearly all that one may ask of it ends there: little is read.
    """
    _hold(ChangeRequest.objects.filter(pk=change.pk))
    rows = ChangeRequest.objects
    return (rows.to_judge() if change.is_open else rows.to_act_on()).get(pk=change.pk)


def hold_change(change: ChangeRequest) -> None:
    """Hold the row and bring the given object up to date in what others may have changed."""
    _hold(ChangeRequest.objects.filter(pk=change.pk))
    change.refresh_from_db(
        fields=[
            "state",
            "approved_at",
            "bundle",
            "base_release",
            "environment",
            "evidence_plan",
            "acknowledged",
            "title",
            "why",
            "repairs",
            "publish_at",
            "rules",
        ]
    )


def hold_open_changes(which: Q) -> list[int]:
    """Lock open change requests without reading them; gives their keys, the lowest first."""
    rows = ChangeRequest.objects.open().filter(which).order_by("pk")
    rows = rows.select_for_update(no_key=True, of=("self",))
    return list(rows.values_list("pk", flat=True))


def hold_for_release(environment: Environment, proposed: int | None = None) -> list[int]:
    """Lock the environment's open change requests, the proposed one, and the one in force, which
    the release supersedes; gives the keys of the open ones, the lowest first.

    All in one statement: whoever asked for an open one while it was published holds it still, and
    may be waiting for one that comes after it.
    """
    rows = ChangeRequest.objects.filter(
        Q(environment=environment) | Q(pk=proposed),
        state__in=[*OPEN_STATES, State.PUBLISHED],
    )
    rows = rows.order_by("pk").select_for_update(no_key=True, of=("self",))
    return [pk for pk, state in rows.values_list("pk", "state") if state in OPEN_STATES]


def held_changes(keys: Collection[int]) -> list[ChangeRequest]:
    """Change requests that the caller holds, as they are now, the lowest key first."""
    return list(ChangeRequest.objects.to_judge().filter(pk__in=keys).order_by("pk"))


def locked_open_changes(which: Q) -> list[ChangeRequest]:
    """Open change requests that a change of rules may concern; not the rows that `which` asks."""
    return held_changes(hold_open_changes(which))


def hold_draft(pk: int) -> None:
    _hold(Draft.objects.filter(pk=pk))


def locked_draft(draft: Draft) -> Draft:
    hold_draft(draft.pk)
    return Draft.objects.select_related("workflow__team").get(pk=draft.pk)


def locked_environment(pk: int) -> Environment:
    _hold(Environment.objects.filter(pk=pk))
    return Environment.objects.select_related("workflow__team").get(pk=pk)


def _hold(row: QuerySet[Any]) -> None:
    """Lock one row without reading it: what it says is read once it is held."""
    row.select_for_update(no_key=True).values_list("pk").get()


def lock_workflow(pk: int) -> Workflow:
    """Puts those who give out version, contract and change numbers in line."""
    return Workflow.objects.select_for_update(no_key=True).get(pk=pk)
