"""The bench's own Celery worker: on the test's database, and gone when killed."""

import time
from collections.abc import Callable

from tests.services.console import processes_of
from tests.services.environment import RUNTIME
from tests.services.worker import WorkerProcess


def test_worker_process__killed_outright__takes_its_pool_with_it(
    celery_worker_process: Callable[..., WorkerProcess],
) -> None:
    worker = celery_worker_process(concurrency=2, CELERY_SKIP_CHECKS="1")
    assert len(_celery_processes()) == 3
    worker.kill()
    give_up_at = time.monotonic() + 5
    while _celery_processes() and time.monotonic() < give_up_at:
        time.sleep(0.05)
    assert _celery_processes() == []


def _celery_processes() -> list[str]:
    return [line for line in processes_of(RUNTIME) if "celery" in line and "worker0@" in line]
