"""Rows that many tests begin with, made once and left in an open transaction between them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

Made = TypeVar("Made")


class KeptRows(Generic[Made]):
    """What `make` puts into the database, for as long as tests follow that begin with it.

    Such a test runs in a savepoint of its own inside the open transaction, and ends by going
    back to it. `close` before a test that begins otherwise.
    """

    def __init__(self, make: Callable[[], Made], blocker: DjangoDbBlocker) -> None:
        self._make = make
        self._blocker = blocker
        self._made = b""
        self._transaction: transaction.Atomic | None = None

    def begin(self) -> Made:
        """The rows as their maker had them; each test gets objects of its own."""
        if connection.needs_rollback or connection.closed_in_transaction:
            self.close()
        if self._transaction is None:
            with self._blocker.unblock():
                self._open()
        made: Made = pickle.loads(self._made)  # noqa: S301  pickled below
        return made

    def _open(self) -> None:
        self._transaction = transaction.atomic()
        # As Django marks its test cases' own: code that must not be nested may run inside.
        self._transaction._from_testcase = True  # type: ignore[attr-defined]
        self._transaction.__enter__()
        try:
            self._made = pickle.dumps(self._make())
            connection.check_constraints()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Take the rows out of the database."""
        if self._transaction is not None:
            left, self._transaction = self._transaction, None
            with self._blocker.unblock():
                transaction.set_rollback(True)
                left.__exit__(None, None, None)
