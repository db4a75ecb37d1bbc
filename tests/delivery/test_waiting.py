"""`Prefer: wait=N`: held until there is something to tell, never longer, never too many."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import time
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.delivery.answers import READ, Denial, KnownToken, VerifiedRelease
from policies.delivery.holdings import HeldRelease, Holdings
from policies.delivery.memory import token_key
from policies.delivery.negotiation import _PREFERENCE, preferred_wait_s
from policies.delivery.plane import Plane
from tests.services import loops
from tests.services.plane import Reply, ask, plane_with

FIRST = VerifiedRelease.of(b'{"release":1}' * 2000, '"1a.1.9"', "a..a")
SECOND = VerifiedRelease.of(b'{"release":2}' * 2000, '"2b.2.9"', "b..b")
TOKEN = KnownToken(1, 7, frozenset({READ}), math.inf)
OTHER = KnownToken(2, 7, frozenset({READ}), math.inf)
HOLDINGS = Holdings(
    tokens={token_key(b"rcr_a"): TOKEN, token_key(b"rcr_b"): OTHER},
    releases={7: HeldRelease(70, FIRST.signature, FIRST), 8: HeldRelease(80, "c..c", FIRST)},
)
PUBLISHED = dataclasses.replace(
    HOLDINGS, releases={**HOLDINGS.releases, 7: HeldRelease(71, SECOND.signature, SECOND)}
)


def waiting(
    plane: Plane, wait_s: int = 60, of: str = "a", tag: str = FIRST.etag, **more: str
) -> Awaitable[Reply]:
    headers = {"authorization": f"Bearer rcr_{of}", "if-none-match": tag}
    return asyncio.ensure_future(ask(plane, headers | {"prefer": f"wait={wait_s}"} | more))


async def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("wait=30", 30),
        ('respond-async, Wait = "10"; x=y', 10),
        ("wait=5, wait=9", 5),
        ("wait=-1", 0),
        ("wait=1.5", 0),
        ("wait", 0),
        ('note="a, wait=7", wait=8', 8),
        ("await=3", 0),
        ("wait=" + "9" * 40, 999_999_999),
    ],
)
def test_preference__as_clients_write_it__is_read(prefer: str | None, seconds: int) -> None:
    assert preferred_wait_s(prefer) == seconds


def test_wait__new_release__is_sent_at_once_to_all_who_wait_for_it() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS, most_waiting=2000)
        held = [waiting(plane) for _ in range(700)]
        await until(lambda: plane.room.count == 700)
        plane.adopt(PUBLISHED)
        for reply in await asyncio.gather(*held):
            assert (reply.status, reply.body) == (200, SECOND.body)
            assert reply.headers["etag"] == SECOND.etag
            assert reply.headers["preference-applied"] == "wait=60"
        assert plane.room.count == 0
        assert plane.figures()["waiters_released"] == 700

    loops.run(run())


def test_wait__polls_meanwhile__are_answered_between_the_batches() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS, most_waiting=4000)
        held = [waiting(plane) for _ in range(2000)]
        await until(lambda: plane.room.count == 2000)
        plane.adopt(PUBLISHED)
        await asyncio.sleep(0)
        poll = await ask(plane, {"authorization": "Bearer rcr_a"})
        assert poll.body == SECOND.body
        assert plane.room.count > 0
        await asyncio.gather(*held)

    loops.run(run())


def test_wait__release_of_another_environment__wakes_nobody() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS)
        held = waiting(plane)
        await until(lambda: plane.room.count == 1)
        elsewhere = HeldRelease(81, SECOND.signature, SECOND)
        plane.adopt(dataclasses.replace(HOLDINGS, releases={**HOLDINGS.releases, 8: elsewhere}))
        await asyncio.sleep(0.01)
        assert plane.room.count == 1
        plane.drain()
        await held

    loops.run(run())


def test_wait__nothing_new__ends_with_304_when_its_time_is_over() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS)
        started_at = time.monotonic()
        reply = await waiting(plane, 1)
        assert time.monotonic() - started_at >= 1
        assert (reply.status, reply.headers["preference-applied"]) == (304, "wait=1")
        assert plane.room.count == 0

    loops.run(run())


def test_wait__older_tag_or_none__is_answered_at_once() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS)
        for tags in ('"older"', ""):
            reply = await waiting(plane, **{"if-none-match": tags})  # type: ignore[arg-type]
            assert reply.status == 200
            assert "preference-applied" not in reply.headers

    loops.run(run())


def test_wait__longer_than_a_minute__is_a_minute() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS)
        held = waiting(plane, 3600)
        await until(lambda: plane.room.count == 1)
        plane.drain()
        assert (await held).headers["preference-applied"] == "wait=60"

    loops.run(run())


def test_wait__token_revoked_meanwhile__is_401_and_others_wait_on() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS)
        held, other = waiting(plane), waiting(plane, of="b")
        await until(lambda: plane.room.count == 2)
        revoked = {**HOLDINGS.tokens, token_key(b"rcr_a"): Denial.REVOKED}
        plane.adopt(dataclasses.replace(HOLDINGS, tokens=revoked))
        reply = await held
        assert (reply.status, plane.room.count) == (401, 1)
        assert Denial.REVOKED.value.encode() in reply.body
        plane.drain()
        assert (await other).status == 304

    loops.run(run())


def test_wait__token_that_ends_sooner__is_401_when_it_has_ended() -> None:
    async def run() -> None:
        ends = dataclasses.replace(TOKEN, expires_at=time.time() + 0.3)
        plane = plane_with(dataclasses.replace(HOLDINGS, tokens={token_key(b"rcr_a"): ends}))
        assert (await waiting(plane)).status == 401

    loops.run(run())


def test_wait__more_than_may_wait__are_answered_at_once_and_told_when_to_return() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS, most_waiting=2)
        held = [waiting(plane), waiting(plane, of="b")]
        await until(lambda: plane.room.count == 2)
        reply = await waiting(plane)
        assert (reply.status, reply.headers["retry-after"]) == (304, "5")
        assert "preference-applied" not in reply.headers
        plane.drain()
        await asyncio.gather(*held)

    loops.run(run())


def test_wait__one_token_with_all_that_may_wait__leaves_half_of_the_places_to_others() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS, most_waiting=100)
        held = [waiting(plane) for _ in range(200)]
        await until(lambda: plane.counters.answers[304] == 150)
        assert plane.room.count == 50
        other = waiting(plane, of="b")
        await until(lambda: plane.room.count == 51)
        plane.adopt(PUBLISHED)
        assert (await other).body == SECOND.body
        await asyncio.gather(*held)
        assert plane.room.count == 0 and not plane.room._by_token

    loops.run(run())


def test_preference__made_to_be_read_for_hours__is_passed_over_at_once() -> None:
    # By a stranger, and on the event loop: it would stop delivery to everybody.
    endless = '"' + '\\"' * 100_000

    async def run() -> None:
        plane = plane_with(HOLDINGS)
        asked = {"prefer": endless, "accept-encoding": endless, "if-none-match": endless}
        reply = await ask(plane, {"authorization": "Bearer rcr_stranger", **asked})
        assert reply.status == 401
        reply = await ask(plane, {"authorization": "Bearer rcr_a", **asked})
        assert (reply.status, reply.body) == (200, FIRST.body)

    loops.run(run())


@given(st.text('"\\,wait=1 ', max_size=12), st.integers(1, 900))
def test_preference__any_text__is_read_in_one_pass(text: str, times: int) -> None:
    assert _PREFERENCE.sub("", text * times).strip(",") == ""


def test_wait__with_a_later_release_of_another_plane__is_held_until_this_one_has_it() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS)
        held = waiting(plane, tag=SECOND.etag)
        await until(lambda: plane.room.count == 1)
        plane.adopt(PUBLISHED)
        reply = await held
        assert (reply.status, reply.headers["preference-applied"]) == (304, "wait=60")

    loops.run(run())


def test_wait__with_a_later_release__is_over_after_two_looks_that_do_not_end() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS, check_every_s=0.01)
        reply = await waiting(plane, tag=SECOND.etag)
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        assert plane.room.count == 0

    loops.run(run())


def test_wait__with_a_later_release_than_the_database_knows__is_over_with_the_one_in_force() -> (
    None
):
    async def run() -> None:
        plane = plane_with(HOLDINGS, check_every_s=0.01)
        held = waiting(plane, tag=SECOND.etag)
        await until(lambda: plane.room.count == 1)
        plane.memory.looked_from = plane.memory.clock()
        reply = await held
        assert (reply.status, reply.body) == (200, FIRST.body)

    loops.run(run())


def test_later_release__named_with_another_token__has_nobody_else_sent_an_older_one() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS)
        thief = {"authorization": "Bearer rcr_b", "if-none-match": '"ff.999999.9"'}
        assert (await ask(plane, thief)).status == 503
        plane.memory.looked_from = plane.memory.clock()
        assert (await ask(plane, thief)).status == 200
        router = {"authorization": "Bearer rcr_a", "if-none-match": SECOND.etag}
        assert (await ask(plane, router)).status == 503

    loops.run(run())


def test_wait__with_a_later_release_where_no_more_may_wait__is_asked_to_return() -> None:
    async def run() -> None:
        reply = await waiting(plane_with(HOLDINGS, most_waiting=0), tag=SECOND.etag)
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")

    loops.run(run())


def test_wait__token_over_by_one_clock_and_not_by_the_other__is_not_held_for_ever() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS)
        # As when the wall clock was set back since the token's end was worked out.
        plane.memory.callers[token_key(b"rcr_a")].reads_until = plane.memory.clock() - 60
        reply = await asyncio.wait_for(waiting(plane), 10)
        assert reply.status == 304

    loops.run(run())


def test_drain__all_who_wait__are_answered_and_nobody_waits_again() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS)
        held = [waiting(plane) for _ in range(50)]
        await until(lambda: plane.room.count == 50)
        await asyncio.to_thread(plane.drain)
        assert {reply.status for reply in await asyncio.gather(*held)} == {304}
        assert (await waiting(plane)).status == 304

    loops.run(run())


def test_wait__client_gone__leaves_nothing_behind() -> None:
    async def run() -> None:
        plane = plane_with(HOLDINGS)
        held = asyncio.ensure_future(waiting(plane))
        await until(lambda: plane.room.count == 1)
        held.cancel()
        await asyncio.gather(held, return_exceptions=True)
        assert plane.room.count == 0
        assert not plane.room._by_tick and not plane.room._by_environment

    loops.run(run())
