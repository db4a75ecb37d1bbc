"""Delivery as part of a server process: what it answers, and when it cannot."""

from __future__ import annotations

from policies.delivery.plane import JWKS_PATH, POLICY_PATH
from policies.delivery.service import delivery_from_settings
from routing_console.front.direct import Direct

NOTHING_KNOWN = "The delivery plane knows no release yet: neither database nor snapshot answered."


def direct() -> Direct:
    """The plane of this process, as the settings say."""
    delivery = delivery_from_settings()
    plane = delivery.plane

    def problem() -> str:
        return NOTHING_KNOWN if plane.memory.holdings is None else ""

    paths = {POLICY_PATH: plane, JWKS_PATH: plane}
    return Direct(paths, delivery, problem=problem, figures=plane.figures)
