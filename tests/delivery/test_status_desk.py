"""Status reports: answered from memory, bounded, handed on in batches."""

from __future__ import annotations

import asyncio
import datetime
import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from policies.delivery.answers import Denial, KnownToken, Unavailable
from policies.delivery.limits import RateLimit, TokenBuckets
from policies.delivery.respond import Answer
from policies.delivery.status import StatusBatch, StatusDesk
from policies.delivery.status_asgi import StatusApplication
from tests.policies.fleet.reports import NOON, body
from tests.services import loops

MINUTE = datetime.timedelta(minutes=1)
OTHER = {"number": 8, "digest": "sha256:" + "b" * 64}


def reporter(
    id: int = 1, environment_id: int = 10, scopes: frozenset[str] = frozenset({"read", "report"})
) -> KnownToken:
    return KnownToken(id, environment_id, scopes, float("inf"))


@dataclass
class Kept:
    """What was handed on; refuses while the database is away."""

    batches: list[StatusBatch] = field(default_factory=list)
    is_away: bool = False
    now: datetime.datetime = NOON

    def keep(self, batch: StatusBatch) -> None:
        if self.is_away:
            raise ConnectionError("away")
        self.batches.append(batch)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def desk(kept: Kept) -> StatusDesk:
    return StatusDesk(kept.keep, now=lambda: kept.now)


def detail(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.body)
    return found


def test_report__taken__is_told_when_to_report_next(desk: StatusDesk) -> None:
    answer = desk.take(reporter(), body())
    assert (answer.status, detail(answer)) == (202, {"interval_s": 30, "jitter_s": 6})


def test_report__taken__is_told_whose_the_token_is(desk: StatusDesk) -> None:
    token = replace(reporter(), workflow="support", environment="staging")
    told = detail(desk.take(token, body()))
    assert (told["workflow"], told["environment"]) == ("support", "staging")


def test_report__of_more_than_fit_the_interval__is_asked_for_less_often(kept: Kept) -> None:
    desk = StatusDesk(kept.keep, reports_a_second=0.1)
    for number in range(5):
        answer = desk.take(reporter(), body(f"i-{number}"))
    assert detail(answer)["interval_s"] == 40


def test_report__not_right__names_each_place(desk: StatusDesk) -> None:
    answer = desk.take(reporter(), body(instance_id="", clock="noon"))
    assert answer.status == 400
    assert [error["pointer"] for error in detail(answer)["errors"]] == ["/instance_id", "/clock"]


def test_report__by_a_token_that_only_reads__is_refused(desk: StatusDesk, kept: Kept) -> None:
    answer = desk.take(reporter(scopes=frozenset({"read"})), body())
    assert answer.status == 403 and "scope" in detail(answer)["detail"]
    desk.hand_on()
    assert kept.batches == []


def test_reports__of_one_instance__are_handed_on_as_the_latest(
    desk: StatusDesk, kept: Kept
) -> None:
    desk.take(reporter(), body())
    kept.now += MINUTE
    desk.take(reporter(), body(at=kept.now))
    assert desk.hand_on()
    (batch,) = kept.batches
    assert [heard.at for heard in batch.heard] == [NOON + MINUTE]
    assert len(batch.arrivals) == 1


def test_hand_on__with_nothing_new__hands_on_nothing(desk: StatusDesk, kept: Kept) -> None:
    desk.take(reporter(), body())
    desk.hand_on()
    desk.hand_on()
    assert len(kept.batches) == 1


def test_reports__of_two_routers_under_one_id__are_handed_on_as_that_with_no_arrival(
    desk: StatusDesk, kept: Kept
) -> None:
    """A batch holds one report of an instance, so that only the desk can tell."""
    elder, younger = ((NOON - hours * 60 * MINUTE).isoformat() for hours in (3, 2))
    for started_at in (elder, younger, elder, younger):
        kept.now += MINUTE / 60
        desk.take(reporter(), body(at=kept.now, started_at=started_at, active=None))
    desk.take(reporter(id=2), body(at=kept.now, started_at=younger))
    desk.hand_on()
    ((told,), arrivals) = kept.batches[0].heard, kept.batches[0].arrivals
    assert told.shared is not None and told.shared.since == NOON + 3 * MINUTE / 60
    assert arrivals == ()


def test_goodbye__of_a_process_that_another_has_replaced__changes_nothing(
    desk: StatusDesk, kept: Kept
) -> None:
    before, after = ((NOON - hours * 60 * MINUTE).isoformat() for hours in (3, 2))
    desk.take(reporter(), body(started_at=before))
    desk.take(reporter(), body(started_at=after))
    assert desk.take(reporter(), body(started_at=before, ended=True)).status == 202
    desk.hand_on()
    (told,) = kept.batches[0].heard
    assert (told.report.has_ended, told.shared) == (False, None)


def test_report__of_the_same_release_again__is_no_arrival(desk: StatusDesk, kept: Kept) -> None:
    desk.take(reporter(), body())
    desk.hand_on()
    desk.take(reporter(), body())
    desk.hand_on()
    assert [len(batch.arrivals) for batch in kept.batches] == [1, 0]


def test_reports__while_the_database_is_away__keep_the_latest_and_each_arrival(
    desk: StatusDesk, kept: Kept
) -> None:
    kept.is_away = True
    desk.take(reporter(), body())
    assert not desk.hand_on()
    kept.now += MINUTE
    desk.take(reporter(), body(at=kept.now, active=OTHER))
    desk.take(reporter(), body("us-1", at=kept.now))
    assert not desk.hand_on()
    kept.is_away = False
    assert desk.hand_on()
    (batch,) = kept.batches
    active = {heard.report.instance_id: heard.report.active for heard in batch.heard}
    assert active["eu-1"] is not None and active["eu-1"].number == 8
    assert [(a.instance_id, a.release.number) for a in batch.arrivals] == [
        ("eu-1", 7),
        ("eu-1", 8),
        ("us-1", 7),
    ]


def test_reports__of_more_instances_than_fit__are_refused_until_others_fall_silent(
    kept: Kept,
) -> None:
    desk = StatusDesk(kept.keep, now=lambda: kept.now, most_instances=2)
    assert [desk.take(reporter(), body(name)).status for name in ("a", "b", "c", "a")] == [
        202,
        202,
        429,
        202,
    ]
    assert desk.take(reporter(environment_id=11), body("c")).status == 202
    kept.now += datetime.timedelta(hours=2)
    assert desk.take(reporter(), body("c")).status == 202


def test_instances__invented_by_one_token__do_not_shut_out_those_of_another(kept: Kept) -> None:
    desk = StatusDesk(kept.keep, now=lambda: kept.now, most_instances=10)
    thief, good = reporter(id=2), reporter(id=1)
    assert desk.take(good, body("eu-1")).status == 202
    for number in range(20):
        desk.take(thief, body(f"made-up-{number}"))
    assert desk.take(thief, body("made-up-99")).status == 429
    assert [desk.take(good, body(f"eu-{number}")).status for number in range(1, 6)] == [202] * 5
    assert desk.take(good, body("eu-6")).status == 429  # each has half of the places by now
    assert desk.take(thief, body("made-up-99")).status == 429
    assert desk.figures()["status_instances"] == 10


def test_instance__that_reports_with_its_tokens_successor__is_one(kept: Kept) -> None:
    desk = StatusDesk(kept.keep, now=lambda: kept.now, most_instances=1)
    assert [desk.take(reporter(id=id), body()).status for id in (1, 2, 1)] == [202] * 3
    assert desk.figures()["status_instances"] == 1


def test_arrivals__held_while_the_database_is_away__are_bounded(kept: Kept) -> None:
    desk = StatusDesk(kept.keep, most_arrivals=3)
    kept.is_away = True
    for number in range(1, 9):
        desk.take(reporter(), body(active={**OTHER, "number": number}))
        desk.hand_on()
    kept.is_away = False
    desk.hand_on()
    assert [a.release.number for a in kept.batches[0].arrivals] == [6, 7, 8]


def test_report__too_often_by_one_token__is_told_how_long_to_wait(kept: Kept) -> None:
    seconds = 0.0
    desk = StatusDesk(kept.keep, buckets=TokenBuckets(RateLimit(0.5, 2), lambda: seconds))
    statuses = [desk.take(reporter(), body()).status for _ in range(3)]
    answer = desk.take(reporter(), body())
    assert statuses == [202, 202, 429]
    assert answer.headers["Retry-After"] == "2"
    assert desk.take(reporter(id=2), body()).status == 202
    seconds = 2.0
    assert desk.take(reporter(), body()).status == 202


def test_stop__hands_on_what_is_left(kept: Kept) -> None:
    desk = StatusDesk(kept.keep, now=lambda: kept.now, hand_on_every_s=3600)
    desk.start()
    desk.take(reporter(), body())
    desk.stop()
    assert len(kept.batches) == 1


# --- Over HTTP ---------------------------------------------------------------------------
def call(
    desk: StatusDesk,
    chunks: list[bytes],
    token: KnownToken | Denial | Unavailable | None = None,
    method: str = "POST",
    deadline_s: float = 5,
    stalls: bool = False,
    **headers: str,
) -> Answer:
    """What the application answers to a body that comes in chunks; the last may never come."""
    given = {"content-type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    scope = {
        "type": "http",
        "method": method,
        "path": "/api/v1/status",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": stalls or place < len(chunks)}
        for place, chunk in enumerate(chunks, 1)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.sleep(3600)
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    known = reporter() if token is None else token
    application = StatusApplication(desk, lambda authorization: known, deadline_s)
    loops.run(application(scope, receive, send))
    start, content = sent
    fields = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], fields, content["body"])


def test_status__in_chunks__is_taken(desk: StatusDesk) -> None:
    whole = body()
    assert call(desk, [whole[:10], whole[10:]]).status == 202


def test_status__without_a_token__is_challenged(desk: StatusDesk) -> None:
    answer = call(desk, [body()], token=Denial.MISSING)
    assert answer.status == 401 and "Bearer" in answer.headers["WWW-Authenticate"]


def test_status__before_tokens_are_known__is_asked_again_later(desk: StatusDesk) -> None:
    answer = call(desk, [body()], token=Unavailable("Nothing is known yet.", 7))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")


def test_status__with_a_personal_token__is_refused(desk: StatusDesk) -> None:
    assert call(desk, [body()], token=Denial.PERSONAL).status == 403


@pytest.mark.parametrize(
    ("chunks", "given", "status"),
    [
        ([b"x" * 16_385], {}, 413),
        ([b"x" * 9_000, b"x" * 9_000, b"x"], {}, 413),
        ([b""], {"content_length": "99999999999999999999"}, 413),
        ([b"{}"], {"content_type": "text/plain"}, 415),
        ([b"{}"], {"content_encoding": "gzip"}, 415),
        ([b"{}"], {"method": "GET"}, 405),
        ([b"{}"], {}, 400),
    ],
)
def test_status__that_cannot_be_read__is_a_problem_document(
    desk: StatusDesk, chunks: list[bytes], given: dict[str, Any], status: int
) -> None:
    answer = call(desk, chunks, **given)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert detail(answer)["status"] == status


def test_status__whose_body_stalls__is_given_up_on(desk: StatusDesk, kept: Kept) -> None:
    assert call(desk, [body()[:20]], stalls=True, deadline_s=0.01).status == 408
    desk.hand_on()
    assert kept.batches == []
