"""Routing with LiteLLM: the loop, a hook for its proxy, and what its exceptions mean.

`LiteLLM(client, deployments)` decides, calls and reports; `proxy` is for LiteLLM's proxy;
`failure_kind` tells what an exception is. LiteLLM itself is imported only when one of the first two
is made, so that the rest needs the standard library alone.
"""

from .chain import NoModelCalled
from .deployments import Deployments, UnknownDeployment
from .failures import failure_kind, retry_after_ms
from .loop import Answer, LiteLLM
from .streams import AsyncStream, Stream

__all__ = [
    "Answer",
    "AsyncStream",
    "Deployments",
    "LiteLLM",
    "NoModelCalled",
    "Stream",
    "UnknownDeployment",
    "failure_kind",
    "retry_after_ms",
]
