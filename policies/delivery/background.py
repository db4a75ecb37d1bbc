"""A thread that works for a plane beside its event loop, from its start until it has ended."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod


class BackgroundThread(ABC):
    """Runs `_run` once it is started; that returns soon after `_stopped` is set.

    Can be started again once it has ended. Ends with the process in any case.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run from now on; nothing more where it runs already."""
        if self._thread is None or not self._thread.is_alive():
            self._stopped.clear()
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Have it end after the step in progress; `join` waits for that."""
        self._stopped.set()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until it has ended, at most so long."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    @abstractmethod
    def _run(self) -> None: ...
