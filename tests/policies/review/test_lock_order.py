"""Rings of waiting writers that many at once meet only now and then, put together by steps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Q

from policies.models import ChangeRequest, Environment, Release
from policies.services.locking import locked_open_changes
from policies.services.releases import publication
from tests.policies.steps import approved, documents, in_review, proposed, published

pytestmark = pytest.mark.django_db(transaction=True)
LIMIT_S = 30
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"


def own_number() -> int:
    """What PostgreSQL calls this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def until_somebody_waits_for(number: int) -> None:
    give_up_at = time.monotonic() + LIMIT_S
    while time.monotonic() < give_up_at:
        with connection.cursor() as cursor:
            cursor.execute(WAITING, [number])
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("Nobody came to wait.")


class Step:
    """Something done in a thread and a transaction of its own, which may be held open."""

    def __init__(self, pool: ThreadPoolExecutor, act: Callable[[], object]) -> None:
        self.act = act
        self.number = 0
        self.begun, self.acted, self.may_end = (threading.Event() for _ in range(3))
        self.future = pool.submit(self._run)
        assert self.begun.wait(LIMIT_S)

    def _run(self) -> None:
        try:
            with transaction.atomic():
                self.number = own_number()
                self.begun.set()
                self.act()
                self.acted.set()
                assert self.may_end.wait(LIMIT_S)
        finally:
            connection.close()

    def end(self) -> None:
        self.may_end.set()
        self.future.result(timeout=LIMIT_S)


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has one writer at a time.")
def test_rollback__of_what_somebody_asked_for_while_it_was_open__waits_in_no_ring(
    staging: Environment, production: Environment, author: User, owner: User
) -> None:
    first = published(staging, author, [owner], owner)
    ready = approved(in_review(staging, author, documents(share=50)), owner)
    between = proposed(production, author, documents(share=60))
    last = proposed(staging, author, documents(share=70))
    assert ready.pk < between.pk < last.pk
    with ThreadPoolExecutor(3) as pool:
        with transaction.atomic():
            ChangeRequest.objects.select_for_update(no_key=True).get(pk=between.pk)
            publishing = Step(pool, lambda: publication.publish(ready, acting_user=owner))
            assert publishing.acted.wait(LIMIT_S)
            asking = Step(pool, lambda: locked_open_changes(Q(workflow=staging.workflow)))
            until_somebody_waits_for(publishing.number)
            publishing.end()
            until_somebody_waits_for(own_number())  # it holds what is published by now
            back = Step(pool, lambda: publication.roll_back(first, "Errors.", acting_user=owner))
            until_somebody_waits_for(asking.number)
        asking.end()
        back.end()
    assert Release.objects.active().get(environment=staging).restores == first
