"""Status reports as routers send them."""

from __future__ import annotations

import datetime
import json
from typing import Any

from policies.fleet.report import Heard, read_report

NOON = datetime.datetime(2026, 3, 2, 12, tzinfo=datetime.UTC)
DIGEST = "sha256:" + "a" * 64


def report(instance: str = "eu-1", at: datetime.datetime = NOON, **members: Any) -> dict[str, Any]:
    """A sound report of a router that took up release 7 a second ago."""
    said = {
        "instance_id": instance,
        "labels": {"region": "eu"},
        "client": {"name": "routing-console-client", "version": "1.2.0"},
        "active": {"number": 7, "digest": DIGEST},
        "source": "network",
        "adopted_at": (at - datetime.timedelta(seconds=1)).isoformat(),
        "last_success_at": at.isoformat(),
        "errors": [],
        "clock": at.isoformat(),
        "started_at": (at - datetime.timedelta(days=1)).isoformat(),
    }
    return said | members


def body(instance: str = "eu-1", at: datetime.datetime = NOON, **members: Any) -> bytes:
    return json.dumps(report(instance, at, **members)).encode()


def heard(
    environment: int,
    token: int,
    instance: str = "eu-1",
    at: datetime.datetime = NOON,
    **members: Any,
) -> Heard:
    """The same as it is handed on; `clock` is when it was sent, `at` when it came."""
    return Heard(environment, token, read_report(body(instance, at, **members)), at, 30)
