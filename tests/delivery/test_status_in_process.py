"""Status reports through the server process's own front, kept in the database."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.auth.models import User

from policies.delivery.holdings import Holdings
from policies.delivery.loading import load
from policies.delivery.status_asgi import STATUS_PATH, StatusApplication
from policies.models import Release, RouterInstance
from policies.services.routers.fleet import keep_statuses
from policies.services.routers.tokens import issue_router_token
from routing_console.delivery import direct
from routing_console.front.application import Front
from tests.policies.fleet.reports import body
from tests.services import loops

pytestmark = pytest.mark.django_db


def test_status__sent_to_the_front__is_answered_by_the_desk_and_kept(
    release: Release, owner: User
) -> None:
    _, plain = issue_router_token(release.environment, "eu", acting_user=owner)
    beside = direct()
    application = beside.applications[STATUS_PATH]
    assert isinstance(application, StatusApplication)
    plane: Any = beside.applications["/api/v1/policy"]
    plane.adopt(load(Holdings(), time.time()))
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body("eu-1"), "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {"content-type": "application/json", "authorization": f"Bearer {plain}"}
    scope: Any = {
        "type": "http",
        "method": "POST",
        "path": STATUS_PATH,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    loops.run(Front(None, beside, problems=dict)(scope, receive, send))
    assert sent[0]["status"] == 202, sent
    assert beside.figures()["status_instances"] == 1
    # Without letting go of the connection, which here is the test's own.
    application.desk.keep = keep_statuses
    assert application.desk.hand_on()
    assert RouterInstance.objects.get().instance_id == "eu-1"
