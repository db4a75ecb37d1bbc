"""A real Celery worker in a process of its own, which a test may kill."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from routing_console.parent_death import die_with_parent
from routing_console.project_root import BASE_DIR

START_LIMIT_S = 120


@dataclass
class WorkerProcess:
    """One worker with its pool; `log` holds everything it printed."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """As the kernel would when memory runs out: no clean-up, the pool dies with it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it whatever it is doing; nothing happens when it has ended already."""
        if self.process.poll() is None:
            self.kill()

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        """Return when the worker takes tasks; raises with its log when it does not."""
        give_up_at = time.monotonic() + START_LIMIT_S
        while " ready." not in self.output():
            if self.process.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError(f"the Celery worker did not start:\n{self.output()}")
            time.sleep(0.05)


def start_worker(
    log: Path,
    environment: dict[str, str],
    *,
    concurrency: int,
    with_beat: bool,
    pool: str = "prefork",
) -> WorkerProcess:
    """Start a worker in the environment of this process with `environment` on top."""
    command = [sys.executable, "-m", "celery", "-A", "routing_console", "worker"]
    command += [
        "--loglevel=INFO",
        f"--concurrency={concurrency}",
        f"--hostname={log.stem}@%h",
        f"--pool={pool}",
    ]
    command += ["--without-gossip", "--without-mingle", "--queues", "console,webhooks"]
    if with_beat:
        command += ["--beat", "--schedule", str(log.with_suffix(".schedule"))]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=BASE_DIR,
            env=os.environ | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,
        )
    return WorkerProcess(process, log)
