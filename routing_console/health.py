"""What `/readyz` asks: whether database, broker and worker answer.

Anybody may ask it, so it says what does not answer, and the log why: drivers name hosts, ports and
users in their errors.
"""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from kombu.exceptions import OperationalError

from routing_console.celery import app as celery_app

logger = logging.getLogger(__name__)
DATABASE_TIMEOUT_S = 2.0
BROKER_TIMEOUT_S = 1.0
WORKER_TIMEOUT_S = 1.0
WORKER_ANSWER_KEPT_S = 2.0
BROKEN_CONNECTION = (OperationalError, redis.RedisError, OSError)

# Pages may wait longer for a database than a probe may, so the probe waits elsewhere. One
# thread: while it hangs, later probes find it busy and give up after the same time.
_database_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readyz")


class _WorkerPing:
    """Asks the workers whether any is there; an answer is kept, so that probes cannot pile up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answer: tuple[float, bool] = (float("-inf"), False)

    def answered(self) -> bool:
        with self._lock:
            asked_at, answered = self._answer
            if time.monotonic() - asked_at > WORKER_ANSWER_KEPT_S:
                answered = self._ask()
                self._answer = (time.monotonic(), answered)
            return answered

    def _ask(self) -> bool:
        try:
            return self._ping()
        except BROKEN_CONNECTION:
            return self._ping()  # a pooled connection that broke when the broker started again

    def _ping(self) -> bool:
        # limit=1: the first answer is enough; without it every call waits the whole timeout.
        return bool(celery_app.control.ping(timeout=WORKER_TIMEOUT_S, limit=1))


_worker_ping = _WorkerPing()


def _ask_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()  # this thread's own; the next question must not reuse a broken one


def _check_database() -> str | None:
    try:
        _database_thread.submit(_ask_database).result(DATABASE_TIMEOUT_S)
    except TimeoutError:
        return f"The database did not answer within {DATABASE_TIMEOUT_S:g} s."
    except DatabaseError as error:
        return _told("The database does not answer.", error)
    return None


def _check_broker() -> str | None:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=BROKER_TIMEOUT_S,
            socket_timeout=BROKER_TIMEOUT_S,
        ) as client:
            client.ping()
    except redis.RedisError as error:
        return _told("The broker does not answer.", error)
    return None


def _check_worker() -> str | None:
    try:
        answered = _worker_ping.answered()
    except BROKEN_CONNECTION as error:
        return _told("The workers could not be asked.", error)
    return None if answered else f"No Celery worker answered within {WORKER_TIMEOUT_S:g} s."


def _told(sentence: str, error: Exception) -> str:
    logger.warning("%s %s", sentence, error)
    return sentence


def problems() -> dict[str, str]:
    """For each part the console needs a sentence about what is wrong, empty where nothing is."""
    database, broker = _check_database(), _check_broker()
    # Asking the workers goes through the broker and would only wait for its retries.
    worker = "The workers cannot be asked without the broker." if broker else _check_worker()
    found = {"database": database, "broker": broker, "worker": worker}
    return {name: problem or "" for name, problem in found.items()}
