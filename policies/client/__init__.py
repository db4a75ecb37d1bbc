"""A router's side of delivery: standard library and the engine only.

client = PolicyClient("https://console.example", token, "/var/lib/router").start()
client.wait_ready(10)
decided = client.decide({"attributes": {"task": "refund"}, "request_id": "r-1"})
attempts = []
while isinstance(step := client.next_attempt(decided, attempts), NextAttempt):
    attempts.append(...)  # wait step.wait_ms, call step.model, an Attempt of what came of it
"""

from ..engine import (
    FAILURE_KINDS,
    Attempt,
    DocumentError,
    EngineError,
    NextAttempt,
    Problem,
    Request,
    Stop,
)
from .aio import AsyncPolicyClient
from .client import Decided, PolicyClient
from .errors import ClientError, NoUsableRelease
from .health import Health
from .releases import Release
from .summaries import Summaries
from .version import VERSION

__all__ = [
    "FAILURE_KINDS",
    "VERSION",
    "AsyncPolicyClient",
    "Attempt",
    "ClientError",
    "Decided",
    "DocumentError",
    "EngineError",
    "Health",
    "NextAttempt",
    "NoUsableRelease",
    "PolicyClient",
    "Problem",
    "Release",
    "Request",
    "Stop",
    "Summaries",
]
