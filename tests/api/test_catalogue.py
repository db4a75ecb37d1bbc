"""The catalogue by REST."""

import datetime
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.api.conftest import Answer, Caller, codes, pointers

CallerOf = Callable[[User], Caller]


def price(days_from_now: int = 0, **dollars: str) -> dict[str, str]:
    day = timezone.now().date() + datetime.timedelta(days=days_from_now)
    base = {"input_usd_per_mtok": "1.5", "output_usd_per_mtok": "6"}
    return {"effective_from": day.isoformat(), **base, **dollars}


@pytest.fixture
def added(catalogue: None, owner: User, calling: CallerOf) -> Answer:
    body = {"provider": "acme", "key": "swift-2", "context_window": 64_000, "price": price()}
    return calling(owner).post("/catalogue/models/", body)


def test_model__added__is_listed_with_its_price(
    added: Answer, viewer: User, calling: CallerOf
) -> None:
    assert added.status_code == 201
    found = calling(viewer).get("/catalogue/models/", key="swift-2").json()["results"]
    assert found[0]["price_today"]["input_usd_per_mtok"] == "1.500000"
    assert calling(viewer).get("/catalogue/models/", provider="acme").json()["count"] == 3


def test_model__changed__keeps_what_was_left_out(
    added: Answer, owner: User, calling: CallerOf
) -> None:
    path = f"/catalogue/models/{added.json()['id']}/"
    changed = calling(owner).patch(path, {"status": "deprecated"}).json()
    assert (changed["status"], changed["context_window"]) == ("deprecated", 64_000)


def test_model__given_aliases__tells_them_and_refuses_what_is_no_name(
    added: Answer, owner: User, calling: CallerOf
) -> None:
    path = f"/catalogue/models/{added.json()['id']}/"
    changed = calling(owner).patch(path, {"aliases": ["swift-2-2026-01-31"]}).json()
    assert changed["aliases"] == ["swift-2-2026-01-31"]
    answer = calling(owner).patch(path, {"aliases": ["ok", "*"]})
    assert (answer.status_code, pointers(answer)) == (422, ["/aliases/1"])


@pytest.mark.parametrize(("days", "status"), [(30, 201), (0, 409), (-1, 409)])
def test_price__begins_on_a_new_day_only(
    added: Answer, owner: User, calling: CallerOf, days: int, status: int
) -> None:
    path = f"/catalogue/models/{added.json()['id']}/prices/"
    assert calling(owner).post(path, price(days)).status_code == status


TIER = {"above_input_tokens": 200_000, "input_usd_per_mtok": "3", "output_usd_per_mtok": "12"}
WINDOW = {
    "days": ["sat", "sun"],
    "starts": "16:30",
    "ends": "00:30",
    "zone": "Asia/Shanghai",
    "input_usd_per_mtok": "0.5",
    "output_usd_per_mtok": "2",
}


def test_price__by_size_and_hour__is_told_as_it_was_given(
    added: Answer, owner: User, calling: CallerOf
) -> None:
    path = f"/catalogue/models/{added.json()['id']}/prices/"
    body = {**price(30), "tiers": [TIER], "windows": [WINDOW]}
    answer = calling(owner).post(path, body)
    assert answer.status_code == 201
    (listed, _) = calling(owner).get(path).json()["results"]
    for said in (answer.json(), listed):
        assert said["tiers"] == [
            {**TIER, "input_usd_per_mtok": "3.000000", "output_usd_per_mtok": "12.000000"}
        ]
        assert said["windows"][0]["zone"] == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("more", "status", "pointer"),
    [
        ({"tiers": [TIER, TIER]}, 422, "/tiers/1/above_input_tokens"),
        ({"windows": [{**WINDOW, "zone": "Mars"}]}, 422, "/windows/0/zone"),
        ({"windows": [{**WINDOW, "ends": "24:00"}]}, 422, "/windows/0/ends"),
        ({"windows": [{**WINDOW, "days": []}]}, 400, "/windows/0/days"),
        ({"tiers": [{**TIER, "input_usd_per_mtok": "-1"}]}, 400, "/tiers/0/input_usd_per_mtok"),
    ],
)
def test_price__by_size_or_hour_that_means_nothing__is_pointed_at(
    added: Answer,
    owner: User,
    calling: CallerOf,
    more: dict[str, object],
    status: int,
    pointer: str,
) -> None:
    path = f"/catalogue/models/{added.json()['id']}/prices/"
    answer = calling(owner).post(path, {**price(30), **more})
    assert (answer.status_code, pointers(answer)) == (status, [pointer])
    body = {"provider": "acme", "key": "swift-3", "context_window": 1, "price": {**price(), **more}}
    answer = calling(owner).post("/catalogue/models/", body)
    assert (answer.status_code, pointers(answer)) == (status, [f"/price{pointer}"])


def test_price__negative__points_at_it(added: Answer, owner: User, calling: CallerOf) -> None:
    path = f"/catalogue/models/{added.json()['id']}/prices/"
    answer = calling(owner).post(path, price(30, input_usd_per_mtok="-1"))
    assert (answer.status_code, pointers(answer)) == (400, ["/input_usd_per_mtok"])


def test_provider__by_author__is_refused(catalogue: None, author: User, calling: CallerOf) -> None:
    answer = calling(author).post("/catalogue/providers/", {"slug": "x", "label": "X"})
    assert (answer.status_code, codes(answer)) == (403, ["role"])
