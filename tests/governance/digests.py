"""Whether anything that counts was written: statements seen, and a digest over every row."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest import mock

from django.apps import apps
from django.db import connection, models, transaction

from policies.models import AuditEvent, AuditHead
from policies.services import audit

Digests = Mapping[str, str]  # by table
# Neither decides anything: when somebody was last there.
PASSED_OVER = {"auth_user": {"last_login"}, "policies_personaltoken": {"last_used_at"}}
# What the console itself keeps while nobody is there: evidence, deliveries and their record.
OF_THE_MACHINE = frozenset(
    {
        "AuditEvent",
        "AuditHead",
        "Check",
        "Notification",
        "NewsCursor",
        "WebhookMessage",
        "WebhookAttempt",
        "ShadowEvaluation",
        "EvaluationChunk",
    }
)
# All that changes no row; a statement that is none of these may have written.
READING = re.compile(r"^\s*(?:SELECT|EXPLAIN|PRAGMA|SAVEPOINT|RELEASE|ROLLBACK)\b", re.I)
INTO = re.compile(r'^\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+"(\w+)"', re.I)
SAVEPOINT = re.compile(r'^\s*SAVEPOINT "(\w+)"', re.I)
ROLLBACK = re.compile(r'^\s*ROLLBACK TO SAVEPOINT "(\w+)"', re.I)


@cache
def business_models() -> list[type[models.Model]]:
    """Everything that the console keeps of people, policies and evidence; no sessions."""
    kept = ("policies", "evaluations", "auth")
    found = [
        model
        for label in kept
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]
    return [model for model in found if model._meta.db_table != "auth_permission"]


def governed() -> str:
    """Digest of what only people decide: content, reviews, releases, rules, roles and tokens."""
    return digest_of_rows(
        [model for model in business_models() if model.__name__ not in OF_THE_MACHINE]
    )


def digest_of_rows(of: list[type[models.Model]] | None = None) -> str:
    """SHA-256 over every column of every row that counts, the audit head among them."""
    return hashlib.sha256(repr(digests_of_tables(of)).encode()).hexdigest()


def digests_of_tables(of: Iterable[type[models.Model]] | None = None) -> Digests:
    """The same for each table by itself."""
    found = business_models() if of is None else of
    return {model._meta.db_table: _digest_of(model) for model in found}


def _digest_of(model: type[models.Model]) -> str:
    said = hashlib.sha256()
    quote = connection.ops.quote_name
    table = model._meta.db_table
    hidden = PASSED_OVER.get(table, set())
    names = [
        quote(str(field.column))
        for field in model._meta.local_concrete_fields
        if field.column not in hidden
    ]
    order = quote(str(model._meta.pk.column))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(names)} FROM {quote(table)} ORDER BY {order}")  # noqa: S608
        for row in cursor:
            said.update(repr(row).encode())
    return said.hexdigest()


class Writes:
    """Statements that may have written and were not taken back; only their tables are compared."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.before: dict[str, int] = {}  # how many there were at each savepoint

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if not READING.match(sql):
            self.statements.append(sql)
        elif savepoint := SAVEPOINT.match(sql):
            self.before[savepoint[1]] = len(self.statements)
        elif rollback := ROLLBACK.match(sql):
            del self.statements[self.before.get(rollback[1], len(self.statements)) :]
        return execute(sql, params, many, context)

    def have_changed(self, digests: Digests) -> bool:
        """Whether any row that counts is another one than it was at the time of the digests.

        No trigger of ours writes to another table than the statement names.
        """
        named = {found[1] if (found := INTO.match(sql)) else "" for sql in self.statements}
        return any(
            digests[model._meta.db_table] != _digest_of(model)
            for model in business_models()
            if named and ("" in named or model._meta.db_table in named)
        )


def audit_has_grown(before: Digests) -> bool:
    """Whether the audit trail ends with another row than at the time of the digests."""
    return before[AuditHead._meta.db_table] != _digest_of(AuditHead)


class Undo(Exception):
    """Ends an attempt without a trace."""


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written inside is taken back at the end."""
    try:
        with transaction.atomic():
            yield
            raise Undo
    except Undo:
        pass


@contextmanager
def recorded_in_transactions() -> Iterator[None]:
    """An act that records outside a transaction of its own fails, as it does where no test has
    opened one around it.
    """
    depth, seal = len(connection.atomic_blocks), audit.seal

    def sealed(event: AuditEvent) -> str:
        assert len(connection.atomic_blocks) > depth, f"{event.action} has no transaction"
        return seal(event)

    with mock.patch.object(audit, "seal", sealed):
        yield


def wrote_anything(act: Callable[[], Any], before: Digests) -> tuple[Any, bool]:
    """What an act gave, and whether any row is another one than `before`. Not undone."""
    writes = Writes()
    with connection.execute_wrapper(writes), recorded_in_transactions():
        given = act()
    return given, writes.have_changed(before)
