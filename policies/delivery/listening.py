"""Hears on PostgreSQL or the broker that there is something new. A thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable

import psycopg
import redis
from django.conf import settings
from django.db import connection
from redis.client import PubSub

from policies.delivery.background import BackgroundThread
from policies.delivery.notices import BROKER_TIMEOUT_S, CHANNEL
from policies.delivery.own_connection import use_own_connection

logger = logging.getLogger(__name__)
LISTEN_S = 1.0  # how long to listen before looking whether to stop
RETRY_S = 1.0


class Listener(BackgroundThread):
    """Calls `heard` at each notice, and once whenever it begins to listen."""

    def __init__(self, heard: Callable[[], None]) -> None:
        super().__init__("plane-listener")
        self._heard = heard
        self.is_listening = False

    def _run(self) -> None:
        use_own_connection()
        listen = _PostgresLine if connection.vendor == "postgresql" else _BrokerLine
        is_told = False
        while not self._stopped.is_set():
            try:
                with listen() as line:
                    is_told, self.is_listening = False, True
                    self._heard()  # what happened while nobody listened
                    while not self._stopped.is_set():
                        if line.hears_within(LISTEN_S):
                            self._heard()
            except (psycopg.Error, redis.RedisError, OSError) as error:
                self.is_listening = False
                if not is_told:
                    logger.warning("Nothing is heard of changes (%s); looking every second.", error)
                is_told = True
                self._stopped.wait(RETRY_S)


class _PostgresLine:
    """A connection of its own: a listening one is of no use to anything else."""

    def __enter__(self) -> _PostgresLine:
        parameters = connection.get_connection_params()
        self._connection = psycopg.connect(**parameters, autocommit=True)
        self._connection.execute(f"LISTEN {CHANNEL}")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def hears_within(self, seconds: float) -> bool:
        return any(self._connection.notifies(timeout=seconds, stop_after=1))


class _BrokerLine:
    def __enter__(self) -> _BrokerLine:
        self._client = redis.Redis.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=BROKER_TIMEOUT_S,
            socket_timeout=2 * LISTEN_S,
        )
        self._line: PubSub = self._client.pubsub(  # type: ignore[no-untyped-call]
            ignore_subscribe_messages=True
        )
        self._line.subscribe(CHANNEL)
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()
        self._client.close()

    def hears_within(self, seconds: float) -> bool:
        return self._line.get_message(timeout=seconds) is not None
