"""Work that goes on in a thread of its own until it is stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

PAUSE_AFTER_FAULT_S = 5.0


class Background:
    """Calls `step` again and again, each time after the pause in seconds that the last one gave,
    and `last` once it is stopped.

    Can be started again after it was stopped, and in a forked child. Never stops by itself.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], float],
        say: Callable[[str], None],
        first_pause_s: float = 0.0,
        last: Callable[[], object] | None = None,
    ) -> None:
        self._name = name
        self._step = step
        self._first_pause_s = first_pause_s
        self._last = last
        self._say = say
        self._ending = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        """Whether the thread runs, in this process."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        if self.alive and not self._ending.is_set():
            return
        # Events of its own, so that a thread that ends late is not called back.
        self._ending, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(self._ending, self._wake), name=self._name, daemon=True
        )
        self._thread.start()

    def wake(self) -> None:
        """Have the next step come at once."""
        self._wake.set()

    def stop(self, timeout_s: float, interrupt: Callable[[int | None], None] | None = None) -> None:
        """End after the step in progress. `interrupt` cuts that short, given the thread's ident."""
        self._ending.set()
        self._wake.set()
        thread, until = self._thread, time.monotonic() + timeout_s
        while thread is not None and thread.is_alive() and time.monotonic() < until:
            if interrupt is not None:
                interrupt(thread.ident)
            thread.join(min(0.05, timeout_s))

    def after_fork(self) -> None:
        """Forget the parent's thread, of which the child has only the object."""
        self._thread = None
        self._ending, self._wake = threading.Event(), threading.Event()

    def _run(self, ending: threading.Event, wake: threading.Event) -> None:
        pause = self._first_pause_s
        while not ending.is_set():
            if wake.wait(pause) and ending.is_set():
                break
            wake.clear()
            try:
                pause = self._step()
            except Exception as error:  # a router must outlive a fault of ours
                self._say(f"The {self._name} thread failed in a way it should not: {error!r}")
                pause = PAUSE_AFTER_FAULT_S
        if self._last is not None:
            self._last()
