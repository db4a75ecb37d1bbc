"""A process that the supervisor keeps running. Standard library only."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from routing_console.parent_death import die_with_parent

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
STEADY_AFTER_S = 60.0  # one that ran this long is started again without a longer wait
LARGEST_OLD_LOG_BYTES = 5_000_000


@dataclass
class Child:
    """A command, started again when it ends, each time after a longer wait."""

    name: str
    command: list[str]
    environment: dict[str, str]
    cwd: Path
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    parent_death_signal: signal.Signals = signal.SIGKILL
    process: subprocess.Popen[bytes] | None = None
    wait_s: float = FIRST_WAIT_S
    started_at: float = 0.0
    start_again_at: float = field(default=float("inf"))

    def start(self) -> None:
        """Start it, in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        if self.log.exists() and self.log.stat().st_size > LARGEST_OLD_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old"))
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(self.parent_death_signal),
            )
        self.started_at = time.monotonic()
        self.start_again_at = float("inf")

    def keep_running(self) -> str | None:
        """Start it again when it ended and has waited; what to tell the person, if anything."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_again_at:
                self.start()
            return None
        code = self.process.poll()
        if code is None:
            return None
        self._kill_what_it_left()
        self.process = None
        if now - self.started_at > STEADY_AFTER_S:
            self.wait_s = FIRST_WAIT_S
        wait_s, self.wait_s = self.wait_s, min(self.wait_s * 2, LONGEST_WAIT_S)
        self.start_again_at = now + wait_s
        return (
            f"{self.name} ended ({code}) and is started again in {wait_s:g} s. "
            f"The last line of {self.log}: {self._last_line()}"
        )

    def ask_to_stop(self) -> None:
        """Send the stop signal; `wait_stopped` waits."""
        self.start_again_at = float("inf")
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)

    def wait_stopped(self, until: float) -> None:
        """Wait until `until` on the monotonic clock, then kill what still runs."""
        if self.process is None:
            return
        try:
            self.process.wait(max(until - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            self._kill_what_it_left()
            self.process.wait()
        self._kill_what_it_left()

    def _last_line(self) -> str:
        lines = self.log.read_text(errors="replace").rstrip().rsplit("\n", 1)
        return lines[-1] or "(it is empty)"

    def _kill_what_it_left(self) -> None:
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS says the second of a zombie
            return
