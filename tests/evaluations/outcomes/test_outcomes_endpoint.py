"""`POST /api/v1/outcomes` and `/api/v1/feedback` over HTTP."""

from __future__ import annotations

import datetime
import gzip
import json
import zlib
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from evaluations.models import DirtyBucket, Outcome
from policies.models import Environment, RouterToken
from policies.services.people.tokens import issue_personal_token
from policies.services.routers import tokens
from tests.evaluations.outcome_cast import NOW, event
from tests.services.plane import PlaneInProcess

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with mock.patch.object(timezone, "now", return_value=NOW):
        yield


@pytest.fixture
def router(staging: Environment, operator: User) -> tuple[RouterToken, str]:
    return tokens.issue_router_token(staging, "router", acting_user=operator)


@pytest.fixture
def send(client: Client, router: tuple[RouterToken, str]) -> Any:
    """Post a body as the router does; returns the response."""

    def post(body: object, path: str = "/api/v1/outcomes", **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {router[1]}", **headers}
        return client.post(path, data, content_type="application/json", headers=sent)

    return post


def test_outcomes__a_list__are_kept_with_their_environment(send: Any, staging: Environment) -> None:
    response = send([event("a"), event("b", class_="complex")])
    assert response.status_code == 200
    assert response.json() == {"accepted": 2, "duplicates": 0, "rejected": []}
    kept = Outcome.objects.get(request_id="b")
    assert (kept.environment, kept.class_key, kept.quality_nano) == (staging, "complex", 9 * 10**8)


def test_outcomes__note_that_the_token_was_used(send: Any, router: tuple[RouterToken, str]) -> None:
    send([event("a")])
    assert RouterToken.objects.get(pk=router[0].pk).last_used_at == NOW


@pytest.mark.parametrize("body", [{"events": [event()]}, event()])
def test_outcomes__wrapped_or_single__are_kept(send: Any, body: object) -> None:
    assert send(body).json()["accepted"] == 1


def test_outcomes__some_bad__the_good_are_kept_and_the_bad_pointed_at(send: Any) -> None:
    response = send([event("a"), event("b", quality=7), 3, event("c")])
    assert response.status_code == 207
    answer = response.json()
    assert answer["accepted"] == 2
    assert [(bad["index"], bad["pointer"]) for bad in answer["rejected"]] == [
        (1, "/quality"),
        (2, ""),
    ]


@pytest.mark.parametrize(
    "members",
    [
        {"tenant": "\ud83d"},
        {"model": "\ud83d"},
        {"attempts": [{"model": "\ud83d"}]},
        {"attributes": {"tag": "\ud83d"}},
        {"attributes": {"\ud83d": 1}},
        {"\ud83d": 1},
        {"release_digest": "sha256:" + "\ud83d" * 64},
    ],
)
def test_outcomes__with_half_an_emoji_anywhere__are_rejected(
    send: Any, members: dict[str, Any]
) -> None:
    response = send([event("a"), event("b", **members)])
    assert response.status_code == 207
    assert [bad["index"] for bad in response.json()["rejected"]] == [1]


def test_outcomes__sent_twice__count_once_and_keep_the_first(send: Any) -> None:
    send([event("a", quality=0.5)])
    answer = send([event("a", quality=1), event("b")]).json()
    assert (answer["accepted"], answer["duplicates"]) == (1, 1)
    assert Outcome.objects.get(request_id="a").quality_nano == 5 * 10**8


def test_outcomes__the_same_id_twice_in_a_batch__counts_once(send: Any) -> None:
    assert send([event("a"), event("a")]).json()["duplicates"] == 1


def test_outcomes__the_same_id_in_another_environment__is_another_request(
    client: Client, send: Any, production: Environment, operator: User
) -> None:
    _, plain = tokens.issue_router_token(production, "other", acting_user=operator)
    send([event("a")])
    answer = send([event("a")], Authorization=f"Bearer {plain}").json()
    assert answer["accepted"] == 1


def test_outcomes__gzipped__are_unpacked(send: Any) -> None:
    body = gzip.compress(json.dumps([event()]).encode())
    assert send(body, **{"Content-Encoding": "gzip"}).json()["accepted"] == 1


def test_outcomes__of_a_few_gzip_members__are_unpacked(send: Any) -> None:
    whole = json.dumps([event("a")]).encode()
    assert (
        send(
            gzip.compress(whole[:9]) + gzip.compress(whole[9:]), **{"Content-Encoding": "gzip"}
        ).status_code
        == 200
    )


def test_outcomes__of_many_empty_gzip_members__are_refused_after_a_few(
    send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200,000 of them took half a minute of a core: what follows was copied for each."""
    opened: list[int] = []
    real = zlib.decompressobj

    def counted(*args: Any) -> Any:
        opened.append(1)
        return real(*args)

    monkeypatch.setattr(zlib, "decompressobj", counted)
    response = send(gzip.compress(b"") * 200_000, **{"Content-Encoding": "gzip"})
    assert response.status_code == 400
    assert "more than 8 members" in response.json()["errors"][0]["message"]
    assert len(opened) == 8


def test_outcomes__a_bomb__is_refused_before_it_is_unpacked(send: Any) -> None:
    response = send(gzip.compress(b" " * 200_000_000), **{"Content-Encoding": "gzip"})
    assert response.status_code == 413
    assert response["Content-Type"] == "application/problem+json"
    assert "5 MB, unpacked" in response.json()["detail"]


@pytest.mark.parametrize("raw", [b"not gzip at all", gzip.compress(b"[" * 5000)[:-9]])
def test_outcomes__broken_gzip__is_a_bad_request(send: Any, raw: bytes) -> None:
    assert send(raw, **{"Content-Encoding": "gzip"}).status_code == 400


def test_outcomes__an_unknown_encoding__is_refused(send: Any) -> None:
    assert send(b"[]", **{"Content-Encoding": "br"}).status_code == 415


def test_outcomes__over_five_megabytes__is_refused(send: Any) -> None:
    assert send(b"[" + b" " * 5_000_000 + b"]").status_code == 413


def test_outcomes__over_a_thousand__are_refused_whole(send: Any) -> None:
    response = send([event(str(index)) for index in range(1001)])
    assert response.status_code == 413
    assert "1,000 events" in response.json()["detail"]
    assert not Outcome.objects.exists()


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"[" * 100_000, b"1" * 5000, b'"x"', b"{}"])
def test_outcomes__no_batch__is_a_bad_request(send: Any, raw: bytes) -> None:
    response = send(raw)
    assert response.status_code == 400
    assert response.json()["errors"][0]["message"]


def test_outcomes__nan_in_one_event__rejects_that_event_alone(send: Any) -> None:
    body = json.dumps([event("a", quality=float("nan")), event("b")]).encode()
    assert send(body).json()["accepted"] == 1


def test_outcomes__without_a_token__are_refused(client: Client) -> None:
    response = client.post("/api/v1/outcomes", [], content_type="application/json")
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_outcomes__with_a_revoked_token__are_refused(
    send: Any, router: tuple[RouterToken, str], operator: User
) -> None:
    tokens.revoke_router_token(router[0], acting_user=operator)
    assert send([event()]).status_code == 401


def test_outcomes__with_a_personal_token__are_refused_as_the_policy_is(
    client: Client, author: User
) -> None:
    _, plain = issue_personal_token(author, "test", acting_user=author)
    headers = {"Authorization": f"Bearer {plain}"}
    policy = PlaneInProcess().fetch(plain)
    for address in ("/api/v1/outcomes", "/api/v1/feedback"):
        answer = client.post(address, "[]", content_type="application/json", headers=headers)
        assert answer.status_code == policy.status == 403
        assert "person's token" in answer.json()["detail"]


def test_outcomes__from_a_signed_in_person__are_refused(client: Client, author: User) -> None:
    client.force_login(author)
    response = client.post("/api/v1/outcomes", "[]", content_type="application/json")
    assert response.status_code == 401


def test_outcomes__without_cost__are_priced_as_of_their_day(send: Any) -> None:
    send([event("a", cost_usd=None, input_tokens=1000, output_tokens=100)])
    kept = Outcome.objects.get()
    # 1,000 × $0.15 and 100 × $0.60 per million tokens
    assert kept.cost_nusd == 210_000
    assert kept.cost_is_computed


def test_outcomes__without_cost_of_an_unknown_model__stay_without(send: Any) -> None:
    send([event("a", model="other", cost_usd=None, input_tokens=1, output_tokens=1)])
    assert Outcome.objects.get().cost_nusd is None


def test_outcomes__before_the_first_price__stay_without_cost(send: Any) -> None:
    with mock.patch.object(
        timezone, "now", return_value=datetime.datetime(2024, 6, 1, 12, tzinfo=datetime.UTC)
    ):
        raw = event("a", time="2024-06-01T11:00:00Z", cost_usd=None)
        send([{**raw, "input_tokens": 1, "output_tokens": 1}])
    assert Outcome.objects.get().cost_nusd is None


def test_outcomes__accepted__mark_their_hour(send: Any) -> None:
    send([event("a"), event("b"), event("c", time="2026-03-02T05:59:59Z")])
    starts = DirtyBucket.objects.order_by("start").values_list("start", flat=True)
    assert [start.isoformat() for start in starts] == [
        "2026-03-02T05:00:00+00:00",
        "2026-03-18T13:00:00+00:00",
    ]


def test_feedback__on_a_known_request__is_added_and_marks_its_hour(send: Any) -> None:
    send([event("a", quality=None)])
    DirtyBucket.objects.all().delete()
    feedback = {"request_id": "a", "quality": 0.25, "labelled_class": "complex"}
    assert send([feedback], "/api/v1/feedback").json()["accepted"] == 1
    kept = Outcome.objects.get()
    assert (kept.quality_nano, kept.labelled_class) == (250_000_000, "complex")
    assert DirtyBucket.objects.count() == 1


def test_feedback__repeated__changes_nothing(send: Any) -> None:
    send([event("a")])
    send([{"request_id": "a", "quality": 0.25}], "/api/v1/feedback")
    DirtyBucket.objects.all().delete()
    answer = send([{"request_id": "a", "quality": 0.25}], "/api/v1/feedback").json()
    assert (answer["accepted"], answer["duplicates"]) == (0, 1)
    assert not DirtyBucket.objects.exists()


def test_feedback__on_an_unknown_request__asks_to_be_sent_again(send: Any) -> None:
    response = send([{"request_id": "a", "quality": 1}], "/api/v1/feedback")
    assert response.status_code == 207
    rejected = response.json()["rejected"][0]
    assert rejected["pointer"] == "/request_id"
    assert "send the feedback again" in rejected["message"]
