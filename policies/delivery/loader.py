"""Keeps a plane up to date: a thread that looks when it is told to, and every second anyway."""

from __future__ import annotations

import logging
import threading

from django.db import Error as DatabaseError
from django.db import connection

from policies.delivery.background import BackgroundThread
from policies.delivery.holdings import Holdings
from policies.delivery.loading import load
from policies.delivery.notices import CONCERNS
from policies.delivery.own_connection import use_own_connection
from policies.delivery.plane import Plane
from policies.delivery.snapshot_file import SnapshotFile
from policies.models import AuditEvent, AuditHead

logger = logging.getLogger(__name__)
# Everything anew once in a while: what somebody changed past the services left no audit row.
ALL_AGAIN_AFTER_S = 30.0


class Loader(BackgroundThread):
    """Brings what the database says into a plane, and into its file."""

    def __init__(self, plane: Plane, file: SnapshotFile | None = None) -> None:
        super().__init__("plane-loader")
        self._plane, self._file = plane, file
        self._memory = plane.memory
        self._head: int | None = None
        self._loaded_at = float("-inf")
        self._woken = threading.Event()
        self.looked = threading.Event()  # once, whatever came of it
        self._has_failed = False

    # --- One look ---------------------------------------------------------------------------
    def check(self) -> bool:
        """Ask whether anything has changed, and take it over; whether that went well."""
        try:
            self._look()
        except DatabaseError as error:
            self._note_failure(f"the database does not answer ({_first_line(error)})")
        except Exception as error:  # whatever it is, the thread must live to look again
            logger.exception("The plane could not load what it serves.")
            self._note_failure(f"loading failed ({_first_line(error)})")
        else:
            if self._has_failed:
                logger.info("Delivery is up to date again.")
            self._has_failed = False
        self.looked.set()
        return not self._has_failed

    def _look(self) -> None:
        began = self._memory.clock()
        head = _head()
        if self._is_due(head):
            self._load()
            self._head = head
        else:
            self._head = head
            self._memory.confirm()
            if self._file is not None:
                self._file.confirm()
        self._memory.looked_from = began

    def _is_due(self, head: int) -> bool:
        if self._head is None or self._memory.clock() - self._loaded_at >= ALL_AGAIN_AFTER_S:
            return True
        if head <= self._head:
            return head < self._head  # restored from a backup
        since = AuditEvent.objects.filter(sequence__gt=self._head, sequence__lte=head)
        return since.filter(object_type__in=CONCERNS).exists()

    def _load(self) -> None:
        before = self._memory.holdings or Holdings()
        started_at = self._memory.clock()
        holdings = load(before, started_at)
        self._plane.adopt(holdings)
        self._loaded_at = self._memory.clock()
        counters = self._plane.counters
        counters.reloads += 1
        counters.last_reload_s = self._loaded_at - started_at
        counters.unverified_releases = sum(
            held.unverified_since is not None for held in holdings.releases.values()
        )
        if self._file is not None and not self._file.save(holdings):
            counters.failed_snapshots += 1

    def _note_failure(self, what: str) -> None:
        if not self._has_failed:
            logger.warning("Delivery goes on from memory: %s.", what)
        self._has_failed = True
        self._plane.counters.failed_checks += 1
        self._memory.cut_off()

    # --- The thread -------------------------------------------------------------------------
    def wake(self) -> None:
        """Look at once."""
        self._woken.set()

    def stop(self) -> None:
        super().stop()
        self.wake()

    def _run(self) -> None:
        use_own_connection()
        try:
            while not self._stopped.is_set():
                if not self.check():
                    connection.close()  # a broken one would stay broken
                self._woken.wait(self._plane.settings.check_every_s)
                self._woken.clear()
        finally:
            connection.close()


def _head() -> int:
    return AuditHead.objects.values_list("last_sequence", flat=True).first() or 0


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
