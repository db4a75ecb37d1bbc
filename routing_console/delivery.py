"""Delivery as part of a server process: what it answers, and when it cannot."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from policies.delivery.answering import JWKS_PATH, POLICY_PATH
from policies.delivery.service import delivery_from_settings
from policies.delivery.status import StatusBatch, StatusDesk
from policies.delivery.status_asgi import STATUS_PATH, StatusApplication
from policies.services.routers.fleet import keep_statuses
from routing_console.front.direct import Direct

NOTHING_KNOWN = "The delivery plane knows no release yet: neither database nor snapshot answered."


@dataclass(frozen=True)
class StatusService:
    """The desk that takes status reports, for as long as the process serves."""

    desk: StatusDesk

    async def startup(self) -> None:
        self.desk.start()

    def drain(self) -> None:
        """Nobody waits here."""

    def stop(self) -> None:
        self.desk.stop()


def _keep(batch: StatusBatch) -> None:
    try:
        keep_statuses(batch)
    finally:
        connection.close()  # outside of a request nobody else would replace a broken one


def direct() -> Direct:
    """The plane of this process and its desk for status reports, as the settings say."""
    delivery = delivery_from_settings()
    plane = delivery.plane
    desk = StatusDesk(_keep)

    def problem() -> str:
        return NOTHING_KNOWN if plane.memory.holdings is None else ""

    def figures() -> dict[str, float]:
        return {**plane.figures(), **desk.figures()}

    return Direct(
        {
            POLICY_PATH: plane,
            JWKS_PATH: plane,
            STATUS_PATH: StatusApplication(desk, plane.token_of),
        },
        delivery,
        StatusService(desk),
        quick={POLICY_PATH.encode(): plane},
        problem=problem,
        figures=figures,
    )
