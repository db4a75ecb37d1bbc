"""Routers that wait at the real server, all told of one publication."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from django.contrib.auth.models import User

from policies.models import Environment, Release
from policies.services.routers.tokens import issue_router_token
from tests.benchmarks.delivery.waiters import Fleet
from tests.policies.steps import documents, published
from tests.services.live_console import LiveConsole

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = 200


def test_publication__is_told_to_all_who_wait_and_polls_go_on_meanwhile(
    live_console: LiveConsole,
    release: Release,
    staging: Environment,
    author: User,
    owner: User,
) -> None:
    _, token = issue_router_token(staging, "fleet", acting_user=owner)
    while not live_console.known_tokens():
        time.sleep(0.01)
    armed = threading.Event()
    place = ("127.0.0.1", live_console.port, "/api/v1/policy")

    async def fleet() -> list[int]:
        routers = Fleet([place], [token])
        await routers.connect(COUNT)
        routers.arm()
        armed.set()
        await routers.all_answered()
        routers.close()
        return [router.status for router in routers.routers]

    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.extend(asyncio.run(fleet())))
    thread.start()
    assert armed.wait(30)
    while live_console.waiting() < COUNT:
        thread.join(0.02)
        assert thread.is_alive()
    published(staging, author, [owner], owner, documents(share=10))
    thread.join(30)
    assert statuses == [200] * COUNT
