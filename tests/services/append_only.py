"""Emptying the database between tests, although its triggers forbid it. A pytest plugin.

Tests with real transactions end with a flush. On SQLite that deletes row by row and so meets the
triggers that keep audit rows. PostgreSQL would truncate, which no row trigger sees, but which
makes every table anew: half a second, where deleting the few rows of a test takes none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from django.db import connection

TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_no_delete'"
# What Django fills again right after a flush, always with the same.
STAY = frozenset({"django_content_type", "auth_permission"})


@pytest.fixture(scope="session", autouse=True)
def flush_past_append_only_triggers() -> Iterator[None]:
    """Have a flush delete rows with the triggers set aside, in its own transaction."""
    operations = type(connection.ops)
    with pytest.MonkeyPatch.context() as patched:
        if connection.vendor == "sqlite":
            patched.setattr(operations, "execute_sql_flush", _past_triggers(operations))
        else:
            patched.setattr(operations, "sql_flush", _deletions)
        yield


def _past_triggers(operations: Any) -> Any:
    """SQLite's flush with the triggers dropped and put back."""
    flush = operations.execute_sql_flush

    def flush_past_triggers(self: Any, sql_list: Iterable[str]) -> None:
        with connection.cursor() as cursor:
            triggers = cursor.execute(TRIGGERS).fetchall()
        drop = [f'DROP TRIGGER "{name}"' for name, _ in triggers]
        flush(self, [*drop, *sql_list, *(sql for _, sql in triggers)])

    return flush_past_triggers


def _deletions(_self: Any, _style: Any, tables: Sequence[str], **_: Any) -> list[str]:
    """Statements that empty those of the tables of PostgreSQL that hold anything."""
    known = sorted(set(tables) - STAY)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(_name_if_filled(table) for table in known))
        filled = [table for (table,) in cursor.fetchall()]
    # All of them go, so that no foreign key need be looked at on the way.
    aside = "SET LOCAL session_replication_role = replica"
    return [aside, *(f'DELETE FROM "{table}"' for table in filled)]  # noqa: S608  Django's names


def _name_if_filled(table: str) -> str:
    return f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")"  # noqa: S608  as above
