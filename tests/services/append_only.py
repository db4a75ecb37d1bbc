"""Emptying the database between tests, although its triggers forbid it. A pytest plugin.

Tests with real transactions end with a flush, which on SQLite deletes row by row and so meets
the triggers that keep audit rows. PostgreSQL truncates, which no row trigger sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.db import connection

TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_no_delete'"


@pytest.fixture(scope="session", autouse=True)
def flush_past_append_only_triggers() -> Iterator[None]:
    """Let a flush set such triggers aside and put them back, in its own transaction."""
    if connection.vendor != "sqlite":
        yield
        return
    operations = type(connection.ops)
    flush = operations.execute_sql_flush

    def flush_past_triggers(self: Any, sql_list: Iterable[str]) -> None:
        with connection.cursor() as cursor:
            triggers = cursor.execute(TRIGGERS).fetchall()
        drop = [f'DROP TRIGGER "{name}"' for name, _ in triggers]
        flush(self, [*drop, *sql_list, *(sql for _, sql in triggers)])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(operations, "execute_sql_flush", flush_past_triggers)
        yield
