"""Keeps, in batches and off the poll, which release each token has and when it last asked."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

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


class Use(NamedTuple):
    """The release whose tag a token named, when it was last used, and when some router with it was
    seen to be behind (both monotonic, s)."""

    told: int | None
    at: float
    behind_at: float


NEVER = Use(None, float("-inf"), 0.0)


class UseKeeper(BackgroundThread):
    """Writes uses of tokens: at once where one named another release, else each minute.

    In a thread that is not the loader's: on SQLite a write may wait long for its turn.
    """

    def __init__(self, memory: Memory) -> None:
        super().__init__("plane-uses")
        self._memory = memory
        self._kept: dict[int, Use] = {}
        self._has_failed = False

    def keep(self) -> bool:
        """Write what is due; False where it has to be tried again."""
        due: defaultdict[tuple[int | None, bool], dict[int, Use]] = defaultdict(dict)
        for caller in list(self._memory.callers.values()):
            told, told_at, pk = caller.told_release_id, caller.used_at, caller.token.id
            use = Use(told, max(told_at, caller.looked_at), caller.behind_at)
            before = self._kept.get(pk, NEVER)
            if use.at and _is_due(use, before):
                # What it had before may be older than what another process saw it get since.
                is_news = told != before.told or told_at > before.at
                is_behind = use.behind_at > before.behind_at
                due[told if is_news else None, is_behind][pk] = use
        try:
            for (told, is_behind), uses in due.items():
                for batch in _batches(list(uses)):
                    with transaction.atomic():
                        RouterToken.objects.note_fetches(batch, told, is_behind=is_behind)
                    self._kept.update({pk: uses[pk] for pk in batch})
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


def _is_due(use: Use, before: Use) -> bool:
    every = USE_NOTED_EVERY.total_seconds()
    is_news = use.told != before.told or (use.behind_at > 0 and not before.behind_at)
    return is_news or use.at - before.at >= every or use.behind_at - before.behind_at >= every


def _batches(pks: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(pks), AT_ONCE):
        yield pks[start : start + AT_ONCE]
