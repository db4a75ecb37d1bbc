"""Bodies are received whole, in time and within bounds, or refused with a reason."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_console.front import bodies as bodies_module
from routing_console.front.bodies import (
    KEPT_FREE_BYTES,
    MEMORY_BYTES,
    MOST_HELD_BYTES,
    SMALL_BODY,
    Bodies,
    BodyRefused,
    ClientGone,
)
from routing_console.front.wire import Receive
from tests.front.asking import DISCONNECT, dripping, parts_of, scope
from tests.services import loops

IMPATIENT_S = 0.02


def _receive(
    bodies: Bodies, receive: Receive, *, most: int = 1_000_000, length: int | None = None
) -> bytes:
    headers = [] if length is None else [("content-length", str(length))]

    async def whole() -> bytes:
        body = await bodies.receive(scope("POST", "/", headers), receive, most)
        assert bodies.held_bytes == body.size
        content = body.file.read()
        bodies.release(body)
        return content

    return loops.run(whole())


def _refusal(bodies: Bodies, receive: Receive, **bounds: int) -> tuple[int, str]:
    with pytest.raises(BodyRefused) as refused:
        _receive(bodies, receive, **bounds)
    answer = refused.value.answer
    assert isinstance(answer.body, bytes)
    assert (b"connection", b"close") in answer.headers
    assert (bodies.held_bytes, bodies.unfinished) == (0, 0)
    return answer.status, json.loads(answer.body)["detail"]


@given(st.lists(st.binary(max_size=MEMORY_BYTES), min_size=1, max_size=5))
def test_body__in_any_parts__is_received_whole(parts: list[bytes]) -> None:
    bodies = Bodies()
    assert _receive(bodies, parts_of(*parts)) == b"".join(parts)
    assert (bodies.held_bytes, bodies.unfinished, bodies.refused) == (0, 0, {})


def test_body__never_finished__is_refused_when_nothing_came_for_too_long() -> None:
    bodies = Bodies(silence_s=IMPATIENT_S)
    status, detail = _refusal(bodies, dripping(b"username=a"), length=1000)
    assert status == 408
    assert "did not arrive in time" in detail
    assert bodies.refused == {408: 1}


def test_body__that_drips__is_refused_though_no_pause_is_long() -> None:
    async def a_byte_at_a_time() -> dict[str, object]:
        await asyncio.sleep(IMPATIENT_S / 10)
        return {"type": "http.request", "body": b"a", "more_body": True}

    bodies = Bodies(silence_s=IMPATIENT_S, least_bytes_per_s=100_000)
    assert _refusal(bodies, a_byte_at_a_time)[0] == 408


def test_body__said_to_be_too_large__is_refused_unread() -> None:
    async def never() -> dict[str, object]:
        raise AssertionError("it was read")

    status, detail = _refusal(Bodies(), never, most=1000, length=1001)
    assert (status, detail) == (413, "The body may have at most 1,000 bytes here.")


def test_body__too_large_without_saying_so__is_refused_as_soon_as_it_is() -> None:
    assert _refusal(Bodies(), parts_of(b"a" * 600, b"b" * 600), most=1000)[0] == 413


def test_body__whose_sender_hangs_up__leaves_nothing() -> None:
    bodies = Bodies()

    async def half() -> None:
        receive = parts_of(b"half", b"never sent")
        await receive()

        async def gone() -> dict[str, object]:
            return dict(DISCONNECT)

        await bodies.receive(scope("POST", "/", [("content-length", "9")]), gone, 100)

    with pytest.raises(ClientGone):
        loops.run(half())
    assert (bodies.held_bytes, bodies.unfinished) == (0, 0)


def test_bodies__that_hold_all_there_is_room_for__refuse_the_next_and_say_when(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bodies_module, "MOST_HELD_BYTES", 100)
    bodies = Bodies()
    bodies.held_bytes = 60
    with pytest.raises(BodyRefused) as refused:
        _receive(bodies, parts_of(b"a" * 41))
    assert refused.value.answer.status == 503
    assert (b"retry-after", b"30") in refused.value.answer.headers
    assert bodies.held_bytes == 60


def test_bodies__two_endless_uploads_by_strangers__leave_room_for_sign_in_and_reports() -> None:
    bodies = Bodies()
    bodies.held_bytes = MOST_HELD_BYTES - KEPT_FREE_BYTES
    assert _received(bodies, b"a" * SMALL_BODY) == (200, SMALL_BODY)
    assert _received(bodies, b"a" * SMALL_BODY + b"b") == (503, 0)


def test_body__that_came_fast_and_then_drips__is_refused_as_soon_as_one_that_always_did() -> None:
    sent = 0

    async def fast_then_dripping() -> dict[str, object]:
        nonlocal sent
        sent += 1
        if sent == 1:  # at the least rate, this much might take forty seconds
            return {"type": "http.request", "body": b"a" * 4_000_000, "more_body": True}
        await asyncio.sleep(IMPATIENT_S / 10)
        return {"type": "http.request", "body": b"a", "more_body": True}

    bodies = Bodies(silence_s=IMPATIENT_S, least_bytes_per_s=100_000)
    assert _refusal(bodies, fast_then_dripping, most=10_000_000)[0] == 408


def _received(bodies: Bodies, content: bytes) -> tuple[int, int]:
    """The status of a body, and how much of it was taken."""

    async def whole() -> tuple[int, int]:
        try:
            body = await bodies.receive(scope("POST", "/"), parts_of(content), 10**9)
        except BodyRefused as refused:
            return refused.answer.status, 0
        bodies.release(body)
        return 200, body.size

    return loops.run(whole())


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_body__of_a_request_that_has_none__is_not_waited_for(method: str) -> None:
    bodies = Bodies(silence_s=IMPATIENT_S)
    body = loops.run(bodies.receive(scope(method, "/"), dripping(), 0))
    assert (body.size, body.file.read()) == (0, b"")
