"""What one router's token may bring: so many names, releases of its environment, so many events."""

from __future__ import annotations

import gc
import gzip
import json
import weakref
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from evaluations.api import batches
from evaluations.api import outcomes as endpoint
from evaluations.models import Outcome, OutcomeRollup, ReportedName
from evaluations.services.outcomes.ingestion import ingest, take_feedback
from evaluations.services.outcomes.rollups import roll_up
from evaluations.services.scorecard.scorecard import Filters, scorecard
from policies.delivery.limits import RateLimit, TokenBuckets
from policies.models import Release, RouterToken
from policies.services.routers.tokens import issue_router_token
from tests.evaluations.outcome_cast import NOW, event

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def token(release: Release, owner: User) -> RouterToken:
    return issue_router_token(release.environment, "eu", acting_user=owner)[0]


def report(token: RouterToken, *events: dict[str, Any]) -> None:
    receipt = ingest(token.environment, events, now=NOW, token=token)
    assert receipt.rejected == ()


def distinct(column: str) -> set[str]:
    return set(Outcome.objects.values_list(column, flat=True))


def test_outcomes__of_invented_names__are_kept_as_other_beyond_the_allowance(
    token: RouterToken,
) -> None:
    invented = [
        event(f"r-{n}", class_=f"c{n}", model=f"m{n}", rule=f"x{n}", tenant=f"t{n}")
        for n in range(1000)
    ]
    report(token, *invented)
    report(token, *({**entry, "request_id": f"again-{n}"} for n, entry in enumerate(invented)))
    assert len(distinct("class_key")) == 51 and "other" in distinct("class_key")
    assert len(distinct("rule")) == 201 and len(distinct("tenant")) == 1000
    models = distinct("model") | distinct("served_model")
    assert len(models) == 101 and "other" in models
    roll_up(token.environment.workflow)
    others = OutcomeRollup.objects.filter(class_key="other", grain="hour")
    assert sum(row.requests for row in others) == 2 * 950
    assert OutcomeRollup.objects.filter(grain="hour").count() <= 102
    shown = scorecard(token.environment, Filters("24h"), now=NOW)
    assert (shown.requests, shown.with_other_names) == (2000, 1900)
    known = scorecard(token.environment, Filters("24h", class_key="c1"), now=NOW)
    assert known.with_other_names == 0


def test_outcomes__of_names_that_were_published__need_no_allowance(
    token: RouterToken, release: Release
) -> None:
    class_key = release.bundle.content["request_classification"]["classes"][0]["key"]
    report(token, event("a", class_=class_key, model="swift-small", rule="default"))
    assert not ReportedName.objects.exists()
    assert Outcome.objects.get().class_key == class_key


def test_outcomes__of_a_release_that_was_never_published__are_of_other(
    token: RouterToken, release: Release
) -> None:
    report(
        token,
        event("a", release_digest=release.bundle.digest),
        event("b", release_digest="sha256:" + "f" * 64),
    )
    assert Outcome.objects.get(request_id="a").release_digest == release.bundle.digest
    assert Outcome.objects.get(request_id="b").release_digest == "other"


def test_outcomes__of_one_token__do_not_use_up_the_allowance_of_another(
    token: RouterToken, owner: User
) -> None:
    report(token, *(event(f"r-{n}", class_=f"c{n}") for n in range(100)))
    second, _ = issue_router_token(token.environment, "us", acting_user=owner)
    report(second, event("mine", class_="mine"))
    assert Outcome.objects.get(request_id="mine").class_key == "mine"
    assert Outcome.objects.get(request_id="mine").token == second


def test_feedback__with_invented_labels__is_kept_as_other_beyond_the_allowance(
    token: RouterToken,
) -> None:
    report(token, *(event(f"r-{n}") for n in range(60)))
    told = [{"request_id": f"r-{n}", "labelled_class": f"label{n}"} for n in range(60)]
    take_feedback(token.environment, told, now=NOW, token=token)
    assert len(distinct("labelled_class")) <= 51 and "other" in distinct("labelled_class")


def test_outcome__of_a_cost_beyond_belief__is_rejected(token: RouterToken) -> None:
    receipt = ingest(token.environment, [event(cost_usd=1001)], now=NOW, token=token)
    assert receipt.rejected[0].message == "must be a number from 0 to 1,000"


@pytest.fixture
def send(client: Client, release: Release, owner: User) -> Any:
    """Post a body with a router's token; returns the response."""
    _, plain = issue_router_token(release.environment, "eu", acting_user=owner)

    def post(body: object, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {plain}", **headers}
        path = "/api/v1/outcomes"
        with mock.patch.object(timezone, "now", return_value=NOW):
            return client.post(path, data, content_type="application/json", headers=sent)

    return post


def limited(per_second: int, burst: int) -> Any:
    """Let each token report so much, while no time passes."""
    buckets = TokenBuckets(RateLimit(per_second, burst), lambda: 0.0)
    return mock.patch.object(endpoint, "REPORTS", buckets)


def test_outcomes__more_than_a_token_may_report__are_told_how_long_to_wait(send: Any) -> None:
    with limited(2, 10):
        assert send([event(f"a-{n}") for n in range(8)]).status_code == 200
        # Two were left: it is taken, and four are owed.
        assert send([event(f"b-{n}") for n in range(6)]).status_code == 200
        refused = send([event("c")])
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert Outcome.objects.count() == 14


MANY_OBJECTS = b"[" + b"{}," * 1_650_000 + b"{}]"


@pytest.mark.parametrize(
    "within",
    [
        MANY_OBJECTS,
        b"[" + b"[]," * 300_000 + b"0]",
        b'[{"a":"' + b'","'.join([b""] * 300_000) + b'"}]',
        b'[{"latency_bins":[' + b"1," * 1_200_000 + b"1]}]",
    ],
    ids=["objects", "lists", "texts", "numbers"],
)
def test_outcomes__of_more_values_than_a_batch_may_hold__are_refused_before_they_are_made(
    send: Any, within: bytes
) -> None:
    """5 kB of gzip took 120 MB of memory."""
    with mock.patch.object(batches, "_parsed", side_effect=AssertionError("made nonetheless")):
        refused = send(gzip.compress(within), **{"Content-Encoding": "gzip"})
    assert refused.status_code == 413


@pytest.mark.parametrize(
    ("body", "status"),
    [(gzip.compress(MANY_OBJECTS), 413), (gzip.compress(b" " * 4_990_000), 400), (b"", 400)],
    ids=["too many values", "not JSON", "empty"],
)
def test_outcomes__that_are_refused__cost_as_much_as_there_was_to_read(
    send: Any, body: bytes, status: int
) -> None:
    encoding = {"Content-Encoding": "gzip"} if body else {}
    with limited(1, 3):
        told = [send(body, **encoding).status_code for _ in range(4)]
    allowed = 1 if body else 3
    assert told == [status] * allowed + [429] * (4 - allowed)


def test_outcomes__of_few_events_in_many_bytes__cost_as_many_as_would_fit(send: Any) -> None:
    with limited(1, 10):
        assert send([event("a", attributes={"a": "x" * 60_000})]).status_code == 207
        assert send([event("b")]).status_code == 429


def test_outcomes__once_they_are_answered__are_gone_from_memory(
    send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The framework's request refers to itself, so what it holds waits for a full collection."""

    class Kept(list[object]):
        pass

    read: list[weakref.ref[Kept]] = []

    def tracked(raw: bytes) -> Kept:
        value = Kept(json.JSONDecoder().decode(raw.decode()))
        read.append(weakref.ref(value))
        return value

    monkeypatch.setattr(batches, "_parsed", tracked)
    gc.disable()
    try:
        send([event()])
        assert [each() for each in read] == [None]
    finally:
        gc.enable()


def test_outcomes__of_very_long_keys__are_answered_with_their_beginnings(
    token: RouterToken,
) -> None:
    wrong = {**event("r-1"), **{f"{n}" * 100_000: n for n in range(1, 6)}}
    (first, *_, last) = ingest(token.environment, [wrong], now=NOW, token=token).rejected
    assert (first.index, first.pointer) == (0, "/" + "1" * 299 + "…")
    assert len(last.pointer) == 301 and "unknown key" in last.message
