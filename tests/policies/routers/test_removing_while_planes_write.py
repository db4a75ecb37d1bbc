"""A token's reports are removed while a plane keeps reports of the same routers: neither waits for
the other in a ring."""

from __future__ import annotations

import datetime
import threading
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.db import connection

from evaluations.services.outcomes.removing import remove_reported
from policies.models import Release, ReleaseArrival, RouterInstance, RouterToken
from policies.services.routers import fleet
from tests.evaluations.outcomes.test_rollups_races import in_threads
from tests.policies.fleet.reports import body
from tests.policies.routers.fleet_cast import MINUTE, Routers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="one writer at a time")
def test_removal__while_a_plane_holds_the_instance_and_adds_an_arrival__ends(
    plane: Routers, token: RouterToken, release: Release, start: datetime.datetime, owner: User
) -> None:
    plane.say("node", release)
    holds, deletes = threading.Event(), threading.Event()
    add_arrivals = fleet._keep_arrivals

    def added_late(*given: Any) -> None:
        holds.set()
        deletes.wait(1)  # long enough for the removal to take whatever it takes first
        add_arrivals(*given)

    def keep() -> None:
        other = Routers(token, start + MINUTE)  # it has not heard of the router before
        active = {"number": release.number, "digest": release.bundle.digest}
        assert other.desk.take(other.token, body("node", other.now, active=active)).status == 202
        assert other.desk.hand_on()

    def told(execute: Any, sql: str, *given: Any) -> Any:
        result = execute(sql, *given)
        if sql.startswith("DELETE") and ReleaseArrival._meta.db_table in sql:
            deletes.set()
        return result

    def remove() -> None:
        assert holds.wait(30)
        with connection.execute_wrapper(told):
            assert remove_reported(token, acting_user=owner).routers == 1

    with mock.patch.object(fleet, "_keep_arrivals", added_late):
        in_threads(keep, remove)
    assert not RouterInstance.objects.exists()
    assert not ReleaseArrival.objects.exists()
