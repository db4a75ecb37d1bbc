"""The audit trail: a row for every change, none changed afterwards, and a break is found."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError

from policies.models import AuditEvent, Environment
from policies.services import audit
from policies.services.releases import publication
from policies.services.review import changes, reviews
from tests.policies.steps import (
    approved,
    documents,
    in_review,
    now,
    planned,
    published,
    save_and_take_over,
    seen,
)


@contextmanager
def triggers_off() -> Iterator[None]:
    """What somebody with the database's own password could do."""
    table = "policies_auditevent"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"DROP TRIGGER {table}_no_update")
            cursor.execute(f"DROP TRIGGER {table}_no_delete")
        else:
            cursor.execute("SET LOCAL session_replication_role = replica")
    yield


def test_loop__every_step__has_its_row_in_order(
    staging: Environment, author: User, owner: User, operator: User
) -> None:
    planned(staging)
    start = AuditEvent.objects.count()
    change = in_review(staging, author)
    save_and_take_over(change, documents(share=50), author)
    rows = list(AuditEvent.objects.order_by("sequence"))[start:]
    assert [row.action for row in rows] == [
        "draft.created",
        "version.cut",
        "version.cut",
        "version.cut",
        "version.cut",
        "change.opened",
        "change.submit",
        "draft.saved",
        "version.cut",
        "change.content",
    ]
    content = rows[-1]
    assert (content.before, content.after) == (change.bundle.digest, now(change).bundle.digest)


def test_publication_and_rollback__name_both_digests(
    staging: Environment, author: User, owner: User, operator: User
) -> None:
    first = published(staging, author, [owner], owner)
    second = published(staging, author, [owner], owner, documents(share=50))
    publication.roll_back(first, "Errors doubled.", acting_user=operator)
    row = AuditEvent.objects.get(action="release.rollback")
    assert (row.before, row.after) == (second.bundle.digest, first.bundle.digest)
    assert row.detail == {"environment": "staging", "number": 3, "reason": "Errors doubled."}


def test_refused_action__leaves_no_row(staging: Environment, author: User) -> None:
    change = in_review(staging, author)
    count = AuditEvent.objects.count()
    for act in (changes.rebase, publication.publish):
        with pytest.raises(Exception, match="Only"):
            act(change, acting_user=User.objects.create_user(act.__name__))
    with pytest.raises(Exception, match="Only"):
        reviews.approve(change, "Good.", acting_user=author, seen=seen(change))
    assert AuditEvent.objects.count() == count


def test_rows__of_no_workflow__are_seen_by_those_they_concern(
    staging: Environment, author: User, outsider: User, installer: User
) -> None:
    def kinds(user: User) -> set[str]:
        rows = audit.visible_to(user).filter(workflow=None)
        return set(rows.values_list("action", flat=True))

    assert kinds(author) == {"team.created", "team.member_added", "provider.added", "model.added"}
    assert kinds(outsider) == {"provider.added", "model.added"}
    assert audit.visible_to(installer).count() == AuditEvent.objects.count()


def test_chain__untouched__has_no_break(staging: Environment, author: User, owner: User) -> None:
    approved(in_review(staging, author), owner)
    assert list(audit.breaks()) == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE policies_auditevent SET actor_name = 'me'", "DELETE FROM policies_auditevent"],
)
def test_database__change_of_a_row__is_refused(staging: Environment, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)


def test_user__with_rows__cannot_be_deleted(staging: Environment, administrator: User) -> None:
    with pytest.raises(ProtectedError):
        administrator.delete()


def middle() -> AuditEvent:
    rows = AuditEvent.objects.order_by("sequence")
    return rows[rows.count() // 2]


def test_chain__changed_row__is_named(staging: Environment) -> None:
    row = middle()
    with triggers_off():
        AuditEvent.objects.filter(pk=row.pk).update(actor_name="somebody else")
    assert [found.sequence for found in audit.breaks()] == [row.sequence]


def test_chain__removed_row__is_named(staging: Environment) -> None:
    row = middle()
    with triggers_off():
        AuditEvent.objects.filter(pk=row.pk).delete()
    assert [found.sequence for found in audit.breaks()] == [row.sequence]


def test_chain__last_rows_removed__are_named(staging: Environment) -> None:
    last = AuditEvent.objects.order_by("-sequence")[0].sequence
    with triggers_off():
        AuditEvent.objects.filter(sequence__gt=last - 2).delete()
    assert [found.sequence for found in audit.breaks()] == [last - 1, last]


def test_chain__two_rows_swapped__are_named(staging: Environment) -> None:
    first = middle()
    second = AuditEvent.objects.get(sequence=first.sequence + 1)
    with triggers_off():
        AuditEvent.objects.filter(pk=first.pk).update(sequence=10**9)
        AuditEvent.objects.filter(pk=second.pk).update(sequence=first.sequence)
        AuditEvent.objects.filter(pk=first.pk).update(sequence=second.sequence)
    found = {found.sequence for found in audit.breaks()}
    assert {first.sequence, second.sequence} <= found
