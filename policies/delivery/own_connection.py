"""A database connection for a thread of the plane's that nothing else waits for."""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections


def use_own_connection() -> None:
    """Give this thread a database connection of its own, that stays open.

    From the pool it would wait behind pages. A server that has gone silent is noticed in seconds.
    """
    mine: Any = connections.create_connection(DEFAULT_DB_ALIAS)
    options = {k: v for k, v in mine.settings_dict["OPTIONS"].items() if k != "pool"}
    if mine.vendor == "postgresql":
        options |= {
            "connect_timeout": 2,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 2,
            "tcp_user_timeout": 5000,
        }
    mine.settings_dict = {**mine.settings_dict, "OPTIONS": options, "CONN_MAX_AGE": None}
    connections[DEFAULT_DB_ALIAS] = mine
