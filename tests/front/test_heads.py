"""The bound of a request's head holds however the head arrives."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from policies.delivery.answering import POLICY_PATH
from routing_console.front.protocol import MOST_HEAD_BYTES, MOST_HEADER_LINES
from tests.services.front_server import FrontServer, serving
from tests.services.plane import UNLIMITED, plane_with
from tests.services.raw_client import CURRENT, HOLDINGS, LIMIT_S, Client, connected, front_of

TOO_LARGE = "HTTP/1.1 431 Request Header Fields Too Large"
GET = f"GET {POLICY_PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer rcr_a\r\n".encode()


@pytest.fixture
def own() -> Iterator[FrontServer]:
    with serving(front_of(plane_with(HOLDINGS, UNLIMITED))) as server:
        yield server


@pytest.fixture
def client(own: FrontServer) -> Iterator[Client]:
    with connected(own) as client:
        yield client


def head_of(size: int) -> bytes:
    """A whole head of so many bytes, in few lines."""
    lines = [b"X-%d: %b\r\n" % (n, b"x" * 8000) for n in range((size - len(GET) - 100) // 8010)]
    head = GET + b"".join(lines)
    return b"%bX-Rest: %b\r\n\r\n" % (head, b"x" * (size - len(head) - 12))


def many_lines(count: int) -> bytes:
    """A whole head with so many header lines, all but two of one name."""
    return GET + b"a:b\r\n" * (count - 2) + b"\r\n"


def assert_refused(client: Client, own: FrontServer) -> None:
    assert client.read().line == TOO_LARGE
    assert client.is_closed_within(LIMIT_S)
    assert own.front.connections.oversized == 1


def test_head__that_grows_without_end__is_431(client: Client, own: FrontServer) -> None:
    client.socket.sendall(GET)
    time.sleep(0.1)  # so that it began in an earlier part
    client.socket.sendall(b"".join(b"X-%d: %b\r\n" % (n, b"x" * 8000) for n in range(9)))
    assert_refused(client, own)


@pytest.mark.parametrize("size", [MOST_HEAD_BYTES + 1, 240_000])
@pytest.mark.parametrize("first", [0, 1000, 40_000])
def test_head__too_large_and_whole__is_431_in_one_part_and_in_two(
    client: Client, own: FrontServer, size: int, first: int
) -> None:
    head = head_of(size)
    assert len(head) == size
    client.socket.sendall(head[:first])
    time.sleep(0.1 * bool(first))
    client.socket.sendall(head[first:])
    assert_refused(client, own)


def test_head__too_large__behind_another__is_431(client: Client, own: FrontServer) -> None:
    client.socket.sendall(GET + b"\r\n" + head_of(MOST_HEAD_BYTES + 1))
    assert client.read().status == 200
    assert_refused(client, own)


def test_address__too_long__is_431(client: Client, own: FrontServer) -> None:
    client.socket.sendall(b"GET /w/?%b HTTP/1.1\r\n\r\n" % (b"x" * MOST_HEAD_BYTES))
    assert_refused(client, own)


@pytest.mark.parametrize("target", [POLICY_PATH, "/w/"])
def test_head__with_too_many_lines__is_431(client: Client, own: FrontServer, target: str) -> None:
    head = many_lines(MOST_HEADER_LINES + 1).replace(POLICY_PATH.encode(), target.encode())
    client.socket.sendall(head)
    assert_refused(client, own)


def test_head__of_just_the_bounds__is_served_and_the_next__too(client: Client) -> None:
    for head in (head_of(MOST_HEAD_BYTES), many_lines(MOST_HEADER_LINES)):
        client.socket.sendall(head)
        assert client.read().status == 200
    client.poll(CURRENT)
    assert client.read().status == 304


def test_body__of_more_than_a_head__does_not_count(client: Client) -> None:
    body = b"x" * MOST_HEAD_BYTES
    head = b"POST /w/ HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
    client.socket.sendall(head + body)
    assert client.read().body == b"page"
