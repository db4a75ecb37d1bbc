"""A router's side of Routing Console: fetch the signed policy, decide, report."""

from routing_console_client.client import *  # noqa: F403
from routing_console_client.client import __all__ as __all__
