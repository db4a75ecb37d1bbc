"""Routing with LiteLLM: the loop, the proxy's hook in `.proxy`, and what its exceptions mean."""

from routing_console_client.client.litellm import *  # noqa: F403
from routing_console_client.client.litellm import __all__ as __all__
