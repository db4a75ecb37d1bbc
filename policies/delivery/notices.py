"""How a process tells all planes that what they serve has changed: one word on one channel.

PostgreSQL carries it where it is the database, else the broker does. It says only "look now": what
has changed stands in the database, and a plane that hears nothing looks every second.
"""

from __future__ import annotations

import logging
from functools import cache

import redis
from django.conf import settings
from django.db import connection, transaction

logger = logging.getLogger(__name__)
CHANNEL = "routing_console_delivery"
# What a row of the audit trail must be about to concern a plane, by the name of its model.
CONCERNS = frozenset({"release", "routertoken", "personaltoken", "signingkey", "environment"})
BROKER_TIMEOUT_S = 0.5


def tell_planes_after_commit() -> None:
    """Have every plane look as soon as what is being done is in the database."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Part of the transaction: PostgreSQL delivers it when, and only if, that commits.
            cursor.execute(f"NOTIFY {CHANNEL}")
    else:
        transaction.on_commit(_publish)


def _publish() -> None:
    """A broker that is down delays it a little: planes look every second anyway."""
    try:
        _broker().publish(CHANNEL, "")
    except redis.RedisError as error:
        logger.warning("The broker does not answer (%s); planes look within a second.", error)


@cache
def _broker() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=BROKER_TIMEOUT_S,
        socket_timeout=BROKER_TIMEOUT_S,
    )
