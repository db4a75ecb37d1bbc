"""`callbacks: ["routing_console_client.litellm.proxy.hook"]` in the configuration of the proxy."""

from typing import Any

from routing_console_client.client.litellm import proxy


def __getattr__(name: str) -> Any:
    return getattr(proxy, name)
