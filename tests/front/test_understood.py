"""Requests known by their bytes: bounded, whatever is sent."""

from __future__ import annotations

import dataclasses
import gc
import math
import tracemalloc
from collections.abc import Iterator

import pytest

from policies.delivery.answering import POLICY_PATH
from policies.delivery.answers import READ, KnownToken
from policies.delivery.memory import token_key
from policies.delivery.plane import Plane
from routing_console.front.understood import MOST_COST, MOST_LINES_EACH, Understood
from tests.services.front_server import FrontServer, serving
from tests.services.plane import UNLIMITED, plane_with
from tests.services.raw_client import CURRENT, HOLDINGS, LIMIT_S, connected, front_of
from tests.services.waiting import within


@pytest.fixture
def own() -> Iterator[FrontServer]:
    with serving(front_of(plane_with(HOLDINGS, UNLIMITED))) as server:
        yield server


@pytest.fixture
def plane() -> Plane:
    return plane_with(HOLDINGS, UNLIMITED)


def poll(number: int, lines: int, width: int) -> bytes:
    """A poll of its own bytes, with so many header lines of so many letters."""
    head = f"GET {POLICY_PATH} HTTP/1.1\r\nAuthorization: Bearer {number:06d}\r\n"
    more = "".join(f"{chr(97 + n)}: {'x' * width}\r\n" for n in range(lines - 1))
    return f"{head}{more}\r\n".encode()


def understand(understood: Understood, plane: Plane, data: bytes) -> None:
    """What the protocol does with a poll that it has parsed."""
    lines = data.split(b"\r\n")[1:-2]
    parted = (line.partition(b": ") for line in lines)
    pairs = [(name.lower(), value) for name, _, value in parted]
    understood.add(data, (plane, plane.read(pairs)))


def test_poll__with_few_short_lines__is_known_the_next_time(own: FrontServer) -> None:
    with connected(own) as client:
        for _ in range(2):
            client.poll(CURRENT)
            assert client.read().status == 304
    assert len(own.front.understood) == 1


def test_poll__of_a_token_that_was_revoked__is_known_no_more(plane: Plane) -> None:
    kept = {token_key(b"rcr_b"): KnownToken(2, 7, frozenset({READ}), math.inf)}
    plane.adopt(dataclasses.replace(HOLDINGS, tokens={**HOLDINGS.tokens, **kept}))
    with serving(front_of(plane)) as server, connected(server) as client:
        understood = server.front.understood
        for token in ("rcr_a", "rcr_b"):
            client.send(f"GET {POLICY_PATH} HTTP/1.1", f"Authorization: Bearer {token}", CURRENT)
            assert client.read().status == 304
        assert len(understood) == 2

        plane.adopt(dataclasses.replace(HOLDINGS, tokens=kept))
        assert within(LIMIT_S, lambda: len(understood) == 1)
        [left] = understood
        assert b"rcr_b" in left
        once_more = Understood()
        once_more.add(left, understood[left])
        assert understood.cost == once_more.cost


@pytest.mark.parametrize(
    "lines",
    [(f"User-Agent: {'x' * 1000}",), tuple(f"a{n}:" for n in range(MOST_LINES_EACH - 2))],
    ids=["long", "many lines"],
)
def test_poll__that_would_take_much_memory__is_answered_and_not_kept(
    own: FrontServer, lines: tuple[str, ...]
) -> None:
    with connected(own) as client:
        for _ in range(2):
            client.poll(CURRENT, *lines)
            assert client.read().status == 304
    assert len(own.front.understood) == 0


def test_polls__more_than_are_kept__push_out_the_oldest(plane: Plane) -> None:
    understood = Understood()
    added: list[bytes] = []
    while not added or added[0] in understood:
        added.append(poll(len(added), MOST_LINES_EACH, 30))
        understand(understood, plane, added[-1])
        assert understood.cost <= MOST_COST
    assert list(understood) == added[-len(understood) :]
    assert len(understood) > 0.7 * len(added)
    assert len(added) > 5000


def test_poll__added_again__costs_nothing_more(plane: Plane) -> None:
    understood = Understood()
    understand(understood, plane, poll(1, 6, 30))
    once = understood.cost
    understand(understood, plane, poll(1, 6, 30))
    assert understood.cost == once > 0


@pytest.mark.parametrize(
    ("lines", "width"), [(1, 0), (6, 30), (2, 800), (MOST_LINES_EACH, 0), (MOST_LINES_EACH, 40)]
)
def test_cost__is_no_less_than_the_memory_that_is_taken(
    plane: Plane, lines: int, width: int
) -> None:
    understood = Understood()
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(1000):
            understand(understood, plane, poll(number, lines, width))
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(understood) == 1000
    assert taken <= understood.cost
