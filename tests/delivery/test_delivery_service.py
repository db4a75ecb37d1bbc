"""The plane with its threads: told of changes, looking by itself, back after an outage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from policies.delivery.plane import PlaneSettings
from policies.delivery.service import Delivery
from policies.models import Environment, Release, RouterToken
from policies.services.releases.publication import roll_back
from policies.services.routers.tokens import issue_router_token, revoke_router_token
from tests.policies.steps import documents, published
from tests.services import loops
from tests.services.plane import Reply, ask
from tests.services.valkey import Valkey
from tests.services.waiting import within

pytestmark = pytest.mark.django_db(transaction=True)
LONG_S = 600.0


@pytest.fixture
def deliveries(valkey: Valkey, tmp_path: Path) -> Iterator[Callable[[float], Delivery]]:
    """Started ones, each looking by itself every so many seconds."""
    started: list[Delivery] = []

    def start(check_every_s: float) -> Delivery:
        path = tmp_path / f"snapshot-{len(started)}"
        delivery = Delivery(PlaneSettings(check_every_s=check_every_s, snapshot_file=path))
        started.append(delivery)
        loops.run(delivery.startup())
        return delivery

    yield start
    for delivery in started:
        delivery.stop()


def fetch(delivery: Delivery, token: str, etag: str = "") -> Reply:
    headers = {"authorization": f"Bearer {token}"} | ({"if-none-match": etag} if etag else {})
    return loops.run(ask(delivery.plane, headers))


def hears(delivery: Delivery) -> bool:
    """Whether it has begun to listen, which makes it look once more than at its start."""
    return within(10, lambda: delivery.hears)


def test_plane_that_is_told__has_what_is_published_and_revoked_long_before_it_looks_itself(
    deliveries: Callable[[float], Delivery],
    release: Release,
    staging: Environment,
    author: User,
    owner: User,
    operator: User,
) -> None:
    first, second = deliveries(LONG_S), deliveries(LONG_S)
    assert hears(first) and hears(second)
    _, token = issue_router_token(staging, "router", acting_user=operator)
    for each in (first, second):
        assert within(5, lambda each=each: fetch(each, token).status == 200)  # type: ignore[misc]
    newer = published(staging, author, [owner], owner, documents(share=10))
    for each in (first, second):
        assert within(5, lambda each=each: fetch(each, token).body == newer.body.encode())  # type: ignore[misc]
    restored = roll_back(release, "It was worse.", acting_user=owner)
    assert within(5, lambda: fetch(first, token).body == restored.body.encode())
    revoke_router_token(RouterToken.objects.get(), acting_user=operator)
    for each in (first, second):
        assert within(5, lambda each=each: fetch(each, token).status == 401)  # type: ignore[misc]


def test_plane_that_hears_nothing__looks_by_itself(
    deliveries: Callable[[float], Delivery],
    release: Release,
    staging: Environment,
    operator: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("policies.services.waking.tell_planes_after_commit", lambda: None)
    delivery = deliveries(0.05)
    _, token = issue_router_token(staging, "router", acting_user=operator)
    assert within(5, lambda: fetch(delivery, token).status == 200)
    revoke_router_token(RouterToken.objects.get(), acting_user=operator)
    assert within(5, lambda: fetch(delivery, token).status == 401)


def test_stop__what_tokens_named_last__is_kept(
    deliveries: Callable[[float], Delivery], release: Release, staging: Environment, operator: User
) -> None:
    _, token = issue_router_token(staging, "router", acting_user=operator)
    delivery = deliveries(LONG_S)
    assert fetch(delivery, token, release.etag).status == 304
    delivery.stop()
    assert RouterToken.objects.get().fetched_release == release
