"""The fleet over REST: an environment's routers, and how a release spread."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from policies.models import Release
from policies.services.routers.tokens import issue_router_token
from tests.policies.routers.fleet_cast import SECOND, Routers

FLEET = "/api/v1/workflows/support-assistant/environments/staging/fleet/"
RELEASE = "/api/v1/workflows/support-assistant/releases/staging/1/"


@pytest.fixture
def routers(release: Release, owner: User) -> Routers:
    token, _ = issue_router_token(release.environment, "eu", acting_user=owner)
    found = Routers(token, release.published_at - SECOND)
    found.say("eu-1", None)
    found.now = release.published_at + SECOND
    found.say("eu-1", release)
    found.say("eu-2", None)
    return found


def got(client: Client, user: User, path: str) -> Any:
    client.force_login(user)
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_fleet__tells_counts_and_convergence(client: Client, owner: User, routers: Routers) -> None:
    found = got(client, owner, FLEET)
    assert (found["release"], found["routers"], found["gone"]) == (1, 2, 0)
    assert found["unheard"] == 0
    assert found["counts"]["current"] == found["counts"]["empty"] == 1
    assert (found["delivered"], found["delivered_share"], found["drift_since"]) == (
        False,
        100,
        None,
    )
    assert found["convergence"]["p50_s"] == 1.0


def test_fleet__before_anything_is_published__has_no_release(
    client: Client, owner: User, staging: object
) -> None:
    found = got(client, owner, FLEET)
    assert (found["release"], found["convergence"], found["routers"]) == (None, None, 0)


def test_routers__of_a_standing__are_listed_with_their_troubles(
    client: Client, owner: User, routers: Routers
) -> None:
    found = got(client, owner, f"{FLEET}routers/?trouble=empty&region=eu")
    assert found["count"] == 1
    (row,) = found["results"]
    assert (row["instance_id"], row["troubles"], row["reported_errors"]) == (
        "eu-2",
        ["empty"],
        [],
    )


def test_router__whose_id_another_has_too__is_told_since_when(
    client: Client, owner: User, release: Release, routers: Routers
) -> None:
    (before,) = got(client, owner, f"{FLEET}routers/?search=eu-1")["results"]
    routers.share("eu-1", release)
    (row,) = got(client, owner, f"{FLEET}routers/?trouble=shared")["results"]
    assert before["shared_since"] is None
    assert (row["instance_id"], row["troubles"]) == ("eu-1", ["shared"])
    assert row["shared_since"] is not None
    found = got(client, owner, FLEET)
    assert (found["counts"]["shared"], found["counts"]["current"]) == (1, 0)


def test_routers__asked_for_by_what_there_is_not__are_refused(
    client: Client, owner: User, routers: Routers
) -> None:
    client.force_login(owner)
    answer = client.get(f"{FLEET}routers/?trouble=sad")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/trouble"


def test_release__tells_how_it_spread(client: Client, owner: User, routers: Routers) -> None:
    found = got(client, owner, RELEASE)["convergence"]
    assert (found["arrived"], found["waiting"]) == (1, 1)
    assert found["sentence"].startswith("1 of 2 routers has it")
