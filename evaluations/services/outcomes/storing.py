"""Insert reported rows, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from django.db import connection, models

_ROWS_A_STATEMENT = 5000
Getter = Callable[[Any], Any]


class Inserter:
    """Inserts rows of a model whose `once` is not there yet in their environment.

    A column's value is what `getters` says, else the attribute of its name. One prepared statement
    is run over the rows: `bulk_create` with ignored conflicts is five times slower and cannot say
    how many rows were new.
    """

    def __init__(
        self, model: type[models.Model], once: str, getters: Mapping[str, Getter] | None = None
    ) -> None:
        self._fields = [field for field in model._meta.concrete_fields if not field.primary_key]
        self._getters = getters or {}
        names = ", ".join(field.attname for field in self._fields)
        places = ", ".join(["%s"] * len(self._fields))
        # Every name in it is the model's own, none a caller's.
        self._statement = (
            f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({places}) "  # noqa: S608
            f"ON CONFLICT (environment_id, {once}) DO NOTHING"
        )

    def insert(self, rows: Sequence[Any], **same: Any) -> int:
        """Insert what is new and count it; `same` holds what all rows have in common."""
        accepted = 0
        with connection.cursor() as cursor:
            for start in range(0, len(rows), _ROWS_A_STATEMENT):
                batch = rows[start : start + _ROWS_A_STATEMENT]
                cursor.executemany(self._statement, list(self._adapted(batch, same)))
                accepted += cursor.rowcount
        return accepted

    def _adapted(self, rows: Sequence[Any], same: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        """The rows as the database's own adapter wants their values."""
        columns = [self._column(field, same) for field in self._fields]
        for row in rows:
            yield tuple(column(row) for column in columns)

    def _column(self, field: models.Field[Any, Any], same: Mapping[str, Any]) -> Getter:
        name, ops = field.attname, connection.ops
        told = self._getters.get(name, attrgetter(name))
        if isinstance(field, models.DateTimeField):
            if name in same:
                moment = ops.adapt_datetimefield_value(same[name])
                return lambda row: moment
            return lambda row: ops.adapt_datetimefield_value(told(row))
        if name in same:
            return lambda row: same[name]
        if isinstance(field, models.JSONField):
            return lambda row: ops.adapt_json_value(told(row), None)
        return told
