"""A router's side of delivery: standard library and `policies.engine` only.

client = PolicyClient("https://console.example", token, "/var/lib/router").start()
client.wait_ready(10)
decided = client.decide({"attributes": {"task": "refund"}, "request_id": "r-1"})
decided.model, client.next_attempt(decided, [Attempt(decided.model, "timeout")])
"""

from .client import Decided, PolicyClient
from .errors import ClientError, NoUsableRelease
from .releases import Release

__all__ = ["ClientError", "Decided", "NoUsableRelease", "PolicyClient", "Release"]
