"""Rows held until a transaction ends, always in one order, so that no two writers wait in a ring.

The order: environment, open change requests (lowest first), draft, workflow, audit head.
Locks leave keys alone (`no_key`), so that a row that merely refers to a held one (a check, a
review, an audit row) can be written meanwhile. Each read comes after the lock, in a statement of
its own: a joined row read together with the lock could be older than the lock itself.
"""

from __future__ import annotations

from django.db.models import Q

from policies.models import ChangeRequest, Draft, Environment, Workflow


def locked_change(change: ChangeRequest) -> ChangeRequest:
    """The change request as it is in the database now."""
    ChangeRequest.objects.select_for_update(no_key=True).get(pk=change.pk)
    return ChangeRequest.objects.with_related().get(pk=change.pk)


def hold_change(change: ChangeRequest) -> None:
    """Hold the row and bring the given object up to date in what others may have changed."""
    ChangeRequest.objects.select_for_update(no_key=True).get(pk=change.pk)
    change.refresh_from_db(
        fields=[
            "state",
            "approved_at",
            "bundle",
            "base_release",
            "environment",
            "acknowledged",
            "publish_at",
        ]
    )


def locked_open_changes(which: Q) -> list[ChangeRequest]:
    """Open change requests that a change of rules may concern; not the rows that `which` asks."""
    rows = ChangeRequest.objects.open().filter(which).order_by("pk")
    rows = rows.select_for_update(no_key=True, of=("self",))
    held = [change.pk for change in rows]
    return list(ChangeRequest.objects.with_related().filter(pk__in=held).order_by("pk"))


def locked_draft(draft: Draft) -> Draft:
    Draft.objects.select_for_update(no_key=True).get(pk=draft.pk)
    return Draft.objects.select_related("workflow__team").get(pk=draft.pk)


def locked_environment(pk: int) -> Environment:
    Environment.objects.select_for_update(no_key=True).get(pk=pk)
    return Environment.objects.select_related("workflow__team").get(pk=pk)


def lock_workflow(pk: int) -> Workflow:
    """Puts those who give out version, contract and change numbers in line."""
    return Workflow.objects.select_for_update(no_key=True).get(pk=pk)
