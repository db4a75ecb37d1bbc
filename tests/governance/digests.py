"""Whether anything that counts was written: statements seen, and a digest over every row."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

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
WRITING = re.compile(r"^\s*(?:INSERT|UPDATE|DELETE|REPLACE|WITH[^;]*\b(?:INSERT|UPDATE)\b)", re.I)
HARMLESS = re.compile(r'"(?:django_session)"')


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
    said = hashlib.sha256()
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for model in of or business_models():
            table = model._meta.db_table
            hidden = PASSED_OVER.get(table, set())
            names = [
                quote(str(field.column))
                for field in model._meta.local_concrete_fields
                if field.column not in hidden
            ]
            order = quote(str(model._meta.pk.column))
            cursor.execute(f"SELECT {', '.join(names)} FROM {quote(table)} ORDER BY {order}")  # noqa: S608
            said.update(table.encode())
            for row in cursor:
                said.update(repr(row).encode())
    return said.hexdigest()


class Writes:
    """Statements that may have written; a digest is needed only where there were any."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if WRITING.match(sql) and not HARMLESS.search(sql):
            self.statements.append(sql)
        return execute(sql, params, many, context)


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


def wrote_anything(act: Callable[[], Any], before: str) -> tuple[Any, bool]:
    """What an act gave, and whether any row is another one than `before`. Not undone."""
    writes = Writes()
    with connection.execute_wrapper(writes):
        given = act()
    return given, bool(writes.statements) and digest_of_rows() != before
