"""A process that is asked to stop: first it says so, then it closes its port.

The server stops on SIGINT and on SIGTERM, closing its port at once: whoever balances the load would
learn of it by failed connections. So SIGTERM is taken here, readiness says "draining", and the
server is stopped by the other signal when the time for that is over.

Where several workers serve a port, the kernel sends SIGTERM to those whose watcher was killed. They
close it at once: the next one needs it, and nobody can tell by which of the two he was answered.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from routing_console.parent_death import die_with_parent

logger = logging.getLogger(__name__)
# What is left to do when the last request was answered, or had its time: to write reports.
LAST_WORK_S = 10.0


@dataclass
class Draining:
    """Whether this process is stopping; `on_begin` is called on the event loop when it begins."""

    notice_s: float
    begun: bool = False
    on_begin: list[Callable[[], None]] = field(default_factory=list)
    last_work_s: float = LAST_WORK_S
    _has_stopped_server: bool = False

    def watch(self) -> None:
        """Take SIGTERM from now on, where the event loop has the process's main thread."""
        if threading.current_thread() is threading.main_thread():
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.begin)

    def begin(self) -> None:
        """Say that this process is stopping, and stop the server after the notice.

        A worker whose watcher has ended stops it at once, also when it had begun before.
        """
        has_lost_watcher = _has_lost_watcher()
        if self.begun and not has_lost_watcher:
            return
        notice_s = 0.0 if has_lost_watcher else self.notice_s
        logger.info("Draining: the port is closed in %g s.", notice_s)
        if not self.begun:
            self.begun = True
            for each in self.on_begin:
                each()
        asyncio.get_running_loop().call_later(notice_s, self._stop_server)

    def end_soon(self) -> None:
        """End this process in `last_work_s` at the latest, now that its server has stopped.

        A thread that a frozen database holds would keep it for as long as that lasts, without a
        port: nobody would be served, and the next one not started.
        """
        if self._has_stopped_server:
            timer = threading.Timer(self.last_work_s, _end)
            timer.daemon = True
            timer.start()

    def _stop_server(self) -> None:
        """Have the server close its port, finish the requests in flight and end."""
        if not self._has_stopped_server:  # a second signal has it finish nothing
            self._has_stopped_server = True
            os.kill(os.getpid(), signal.SIGINT)


def end_while_starting() -> None:
    """End at once when asked to stop before there is anything to drain.

    The server's own handler is heard only when it serves. Call this before the imports that take
    long. A worker is asked to stop by its watcher's end, too, from here on.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    watcher = multiprocessing.parent_process()
    if watcher is not None:  # else this process serves by itself
        die_with_parent(signal.SIGTERM, parent=watcher.pid)


def _end() -> None:
    logger.error("Not all threads ended in time; what they had in hand is left undone.")
    os._exit(1)


def _has_lost_watcher() -> bool:
    watcher = multiprocessing.parent_process()
    return watcher is not None and os.getppid() != watcher.pid
