"""Keeps, in batches and off the poll, what each token was last told and when it last asked."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.db import Error as DatabaseError
from django.db import connection, transaction

from policies.delivery.background import BackgroundThread
from policies.delivery.memory import Memory
from policies.delivery.own_connection import use_own_connection
from policies.models import RouterToken
from policies.models.tokens import USE_NOTED_EVERY

logger = logging.getLogger(__name__)
KEEP_EVERY_S = 1.0
AT_ONCE = 500


class UseKeeper(BackgroundThread):
    """Writes uses of tokens: at once where a router was told of another release, else each minute.

    In a thread that is not the loader's: on SQLite a write may wait long for its turn.
    """

    def __init__(self, memory: Memory) -> None:
        super().__init__("plane-uses")
        self._memory = memory
        self._kept: dict[int, tuple[int | None, float]] = {}
        self._has_failed = False

    def keep(self) -> bool:
        """Write what is due; False where it has to be tried again."""
        due: defaultdict[int | None, dict[int, float]] = defaultdict(dict)
        for caller in list(self._memory.callers.values()):
            told, used_at, pk = caller.told_release_id, caller.used_at, caller.token.id
            if used_at and self._is_due(pk, told, used_at):
                due[told][pk] = used_at
        try:
            for told, uses in due.items():
                for batch in _batches(list(uses)):
                    with transaction.atomic():
                        RouterToken.objects.note_fetches(batch, told)
                    self._kept.update({pk: (told, uses[pk]) for pk in batch})
            self._has_failed = False
        except DatabaseError as error:
            if not self._has_failed:
                logger.warning("When tokens were last used cannot be kept now: %s", error)
            self._has_failed = True
        return not self._has_failed

    def _run(self) -> None:
        use_own_connection()
        try:
            while not self._stopped.wait(KEEP_EVERY_S):
                if not self.keep():
                    connection.close()  # a broken one would stay broken
            self.keep()
        finally:
            connection.close()

    def _is_due(self, pk: int, told: int | None, used_at: float) -> bool:
        kept_told, kept_at = self._kept.get(pk, (None, float("-inf")))
        return told != kept_told or used_at - kept_at >= USE_NOTED_EVERY.total_seconds()


def _batches(pks: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(pks), AT_ONCE):
        yield pks[start : start + AT_ONCE]
