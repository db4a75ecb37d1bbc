"""Rows that many tests begin with, made once and left in an open transaction between them."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

Made = TypeVar("Made")


class KeptRows(Generic[Made]):
    """What makers put into the database, for as long as tests follow that begin with it.

    Each maker goes on from what the one before made, in a savepoint of its own: a layer. A test
    that begins with a number of layers runs in a savepoint inside the last of them, and ends by
    going back to it. `close` all of them before a test that begins otherwise.
    """

    def __init__(
        self,
        first: Callable[[], Made],
        further: Sequence[Callable[[Made], Made]],
        blocker: DjangoDbBlocker,
    ) -> None:
        self._first = first
        self._further = further
        self._blocker = blocker
        self._made: list[bytes] = []
        self._layers: list[transaction.Atomic] = []

    def begin(self, layers: int) -> Made:
        """The rows as their maker had them; each test gets objects of its own."""
        if connection.needs_rollback or connection.closed_in_transaction:
            self.close()
        self.close(layers)
        with self._blocker.unblock():
            while len(self._layers) < layers:
                self._open()
        made: Made = pickle.loads(self._made[-1])  # noqa: S301  pickled below
        return made

    def _open(self) -> None:
        layer = transaction.atomic()
        # As Django marks its test cases' own: code that must not be nested may run inside.
        layer._from_testcase = True  # type: ignore[attr-defined]
        layer.__enter__()
        self._layers.append(layer)
        try:
            self._made.append(pickle.dumps(self._make()))
            connection.check_constraints()
        except BaseException:
            self.close()
            raise

    def _make(self) -> Made:
        if not self._made:
            return self._first()
        below: Made = pickle.loads(self._made[-1])  # noqa: S301  pickled above
        return self._further[len(self._made) - 1](below)

    def close(self, left: int = 0) -> None:
        """Take the rows of all layers but so many out of the database."""
        with self._blocker.unblock():
            while len(self._layers) > left:
                layer = self._layers.pop()
                del self._made[len(self._layers) :]
                transaction.set_rollback(True)
                layer.__exit__(None, None, None)
