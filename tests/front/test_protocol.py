"""What the server says on a socket, to clients that write as they should and to others."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

import pytest

from policies.delivery.answering import POLICY_PATH
from routing_console.front.connections import Connection, Connections
from routing_console.front.protocol import MOST_PIPELINED
from tests.services.front_server import FrontServer, serving
from tests.services.plane import UNLIMITED, plane_with
from tests.services.raw_client import (
    CURRENT,
    FIRST,
    HOLDINGS,
    LIMIT_S,
    PUBLISHED,
    SECOND,
    SLOWLY,
    Client,
    connected,
    front_of,
    plane_of,
    until,
)


@pytest.fixture(scope="module")
def shared() -> Iterator[FrontServer]:
    with serving(front_of(plane_with(HOLDINGS, UNLIMITED))) as server:
        yield server


@pytest.fixture
def client(shared: FrontServer) -> Iterator[Client]:
    plane_of(shared).memory.confirm()
    connected = Client(shared)
    connected.poll(SLOWLY)  # so that there is something prepared
    assert connected.read().status == 200
    yield connected
    connected.close()


@pytest.fixture
def own() -> Iterator[FrontServer]:
    with serving(front_of(plane_with(HOLDINGS, UNLIMITED))) as server:
        yield server


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (CURRENT,),
        (CURRENT, "Accept-Encoding: gzip"),
        ("Accept-Encoding: gzip",),
        ('If-None-Match: "older"',),
        (CURRENT, "Prefer: wait=1"),
    ],
)
def test_poll__answered_where_it_is_parsed__is_byte_for_byte_as_by_the_application(
    client: Client, lines: tuple[str, ...]
) -> None:
    for _ in range(2):  # parsed, and then known by its bytes
        client.poll(*lines)
        quickly = client.read()
    client.poll(*lines, SLOWLY)
    assert quickly.undated == client.read().undated
    assert len(dict(quickly.headers)["date"]) == len("Mon, 30 Nov 2026 00:00:00 GMT")


def test_requests__sent_without_waiting__are_answered_in_their_order(client: Client) -> None:
    page_lines = ("GET /w/ HTTP/1.1", "Host: localhost")
    for _ in range(3):
        client.poll(CURRENT)
        client.send(*page_lines)
        client.poll()
    answers = [client.read() for _ in range(9)]
    assert [each.status for each in answers] == [304, 200, 200] * 3
    assert [each.body[:4] for each in answers] == [b"", b"page", FIRST.body[:4]] * 3


def test_request__sent_while_a_poll_is_held__ends_the_waiting(client: Client) -> None:
    client.poll(CURRENT, "Prefer: wait=60")
    client.send("GET /w/ HTTP/1.1", "Host: localhost")
    held, after = client.read(), client.read()
    assert (held.status, after.body) == (304, b"page")


def test_bytes_of_a_poll__as_the_body_of_another_request__are_a_body(client: Client) -> None:
    client.poll(CURRENT)
    assert client.read().status == 304  # so its bytes are known
    poll = f"GET {POLICY_PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer rcr_a\r\n"
    body = f"{poll}{CURRENT}\r\n\r\n"
    client.send("POST /w/ HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}")
    time.sleep(0.1)
    client.socket.sendall(body.encode())
    assert client.read().body == b"page"
    client.send("POST /w/ HTTP/1.1", "Host: localhost", "X-Half: a")  # and the end of a head
    assert client.read().body == b"page"
    client.socket.sendall(b"GET /w/ HTTP/1.1\r\nHost: a\r\nX-Rest: ")
    time.sleep(0.1)
    client.socket.sendall(body.encode())
    assert client.read().body == b"page"


def test_poll__known_by_its_bytes__is_refused_when_its_token_is_gone(own: FrontServer) -> None:
    with connected(own) as client:
        for _ in range(3):
            client.poll(CURRENT)
            assert client.read().status == 304
        plane_of(own).adopt(dataclasses.replace(HOLDINGS, tokens={}))
        client.poll(CURRENT)
        assert client.read().status == 401


def test_held_poll__new_release__is_sent_at_once(own: FrontServer) -> None:
    with connected(own) as client:
        client.poll()
        client.read()
        client.poll(CURRENT, "Prefer: wait=60")
        until(lambda: plane_of(own).room.count == 1)
        plane_of(own).adopt(PUBLISHED)
        told = client.read()
        assert (told.status, told.body) == (200, SECOND.body)
        assert dict(told.headers)["preference-applied"] == "wait=60"
        assert plane_of(own).figures()["answers_200"] == 2


@pytest.mark.parametrize("unusual", [(), (SLOWLY,), ("Content-Length: 4", "", "body")])
def test_held_poll__router_hangs_up__gives_its_place_back(
    own: FrontServer, unusual: tuple[str, ...]
) -> None:
    with connected(own) as client:
        client.poll()
        client.read()
        client.poll(CURRENT, "Prefer: wait=60", *unusual)
        until(lambda: plane_of(own).room.count == 1)
    until(lambda: plane_of(own).room.count == 0)
    assert "answers_304" not in plane_of(own).figures()


def test_body__that_waits_for_a_word_to_be_sent__ends_the_connection_of_an_answer_without(
    client: Client,
) -> None:
    client.send(f"POST {POLICY_PATH} HTTP/1.1", "Content-Length: 5", "Expect: 100-continue")
    assert client.read().status == 405
    assert client.is_closed_within(LIMIT_S)  # else the next request might be taken for the body


def test_draining__polls_and_waiters__are_answered_and_let_go(own: FrontServer) -> None:
    with connected(own) as held, connected(own) as other:
        for each in (held, other):
            each.poll()
            each.read()
        held.poll(CURRENT, "Prefer: wait=60")
        until(lambda: plane_of(own).room.count == 1)
        own.front.draining.begun = True
        plane_of(own).drain()
        other.poll(CURRENT)
        for each in (held, other):
            answer = each.read()
            assert (answer.status, dict(answer.headers)["connection"]) == (304, "close")
            assert each.is_closed_within(LIMIT_S)


@pytest.mark.parametrize(
    ("lines", "version", "stays"),
    [((), "1.1", True), (("Connection: close",), "1.1", False), ((), "1.0", False)],
)
def test_connection__as_the_client_asks__stays_or_is_closed(
    client: Client, lines: tuple[str, ...], version: str, stays: bool
) -> None:
    client.poll(CURRENT, *lines, version=version)
    assert client.read().status == 304
    assert client.is_closed_within(LIMIT_S if not stays else 0.2) is not stays


def test_offer_of_another_protocol__is_answered_in_this_one(client: Client) -> None:
    client.poll(CURRENT, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: A")
    assert client.read().status == 304
    assert client.is_closed_within(LIMIT_S)


@pytest.mark.parametrize(
    "text",
    ["\0\1\2", "GET\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nbad name: x\r\n\r\n",
     "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
     f"GET {POLICY_PATH} HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_request__is_400_and_the_end_of_the_connection(
    client: Client, text: str
) -> None:
    client.socket.sendall(text.encode("latin-1"))
    assert client.read().status == 400
    assert client.is_closed_within(LIMIT_S)


def test_connection__one_more_than_may_be__is_503_and_told_when_to_come_back(
    own: FrontServer,
) -> None:
    own.front.connections.most = 1
    with connected(own) as first, connected(own) as second:
        refused = second.read()
        assert refused.status == 503
        assert 5 <= int(dict(refused.headers)["retry-after"]) <= 10
        assert second.is_closed_within(LIMIT_S)
        first.poll()
        assert first.read().status == 200
    until(lambda: len(own.front.connections) == 0)
    with connected(own) as third:
        third.poll()
        assert third.read().status == 200


def test_connection__that_says_nothing_or_drips__is_closed(own: FrontServer) -> None:
    own.front.connections.head_s = own.front.connections.idle_s = 0.5
    own.front.connections.look_every_s = 0.1
    with connected(own) as silent, connected(own) as dripping, connected(own) as idle:
        idle.poll()
        assert idle.read().status == 200
        for letter in "GET /w/":
            try:
                dripping.socket.sendall(letter.encode())
            except ConnectionError:
                break
            time.sleep(0.1)
        # The first look, five seconds after the start, was due before the limits were lowered.
        for each in (silent, dripping, idle):
            assert each.is_closed_within(LIMIT_S)
    assert own.front.connections.closed_silent == 3


def test_router__that_waits_longer_than_one_may_be_idle__is_not_closed(own: FrontServer) -> None:
    own.front.connections.idle_s = 0.0
    with connected(own) as client:
        client.poll(SLOWLY)
        client.read()
        client.poll(CURRENT, "Prefer: wait=7")
        assert client.read().status == 304


def test_reader__that_takes_nothing__fills_no_memory(own: FrontServer) -> None:
    with connected(own) as client:
        client.socket.settimeout(0.5)
        request = f"GET {POLICY_PATH} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer rcr_a\r\n\r\n"
        # Nothing of it is taken any more, or it is closed behind the last that was.
        with pytest.raises((TimeoutError, ConnectionError)):
            for _ in range(1000):
                client.socket.sendall(request.encode() * 1000)
        answered = plane_of(own).figures()["answers_200"]
        assert answered * len(FIRST.body) < 20_000_000  # what the kernel's buffers hold is in it


CHUNKED = ("Host: localhost", "Transfer-Encoding: chunked", "", "1", "a", "0")


def test_trailers__after_a_body_in_chunks__are_no_headers(client: Client) -> None:
    client.send("POST /headers HTTP/1.1", *CHUNKED, "X-Forwarded-For: 6.6.6.6", "Cookie: a=b")
    assert client.read().body == b"HTTP_HOST"


@pytest.mark.parametrize("path", [POLICY_PATH, "/w/"])
def test_trailers__without_end__end_the_connection(client: Client, path: str) -> None:
    client.socket.sendall("\r\n".join([f"POST {path} HTTP/1.1", *CHUNKED, ""]).encode())
    with pytest.raises(ConnectionError):
        for _ in range(200):
            client.socket.sendall(b"X: " + b"a" * 8000 + b"\r\n")
            time.sleep(0.005)


@pytest.mark.parametrize("then", [b"\0\1\2", b"GET /w/ HTTP/1.1\r\n" + b"X: 1\r\n" * 60_000])
def test_refusal__of_what_follows_a_request__is_not_taken_for_its_answer(
    client: Client, then: bytes
) -> None:
    client.send("GET /slow HTTP/1.1", "Host: localhost")
    time.sleep(0.1)
    client.socket.sendall(then[:20])
    time.sleep(0.1)
    client.socket.sendall(then[20:])
    assert client.is_closed_within(LIMIT_S)


def test_garbage__behind_a_poll_that_waits__comes_after_its_answer(client: Client) -> None:
    client.poll(CURRENT, "Prefer: wait=60")
    time.sleep(0.1)
    client.socket.sendall(b"\0\1\2")
    assert [client.read().status for _ in range(2)] == [304, 400]


def test_body__that_is_malformed__is_400(client: Client) -> None:
    client.send("POST /w/ HTTP/1.1", *CHUNKED[:3], "no length")
    assert client.read().status == 400


def test_garbage__as_often_as_anybody_likes__is_counted_and_not_logged(
    own: FrontServer, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        with connected(own) as client:
            client.socket.sendall(b"\0\1\2")
            assert client.read().status == 400
    assert own.front.connections.malformed == 3
    assert not [each for each in caplog.records if each.levelname in ("WARNING", "ERROR")]


def test_requests__sent_without_waiting_in_thousands__are_answered_up_to_a_number(
    client: Client,
) -> None:
    one = b"GET /w/ HTTP/1.1\r\nHost: a\r\n\r\n"
    client.socket.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + one * 2000)
    answers = [client.read() for _ in range(MOST_PIPELINED + 1)]
    assert {each.body for each in answers} == {b"page"}
    assert dict(answers[-1].headers)["connection"] == "close"
    assert client.is_closed_within(LIMIT_S)


def test_body__of_the_last_request_that_is_carried_out__is_read(client: Client) -> None:
    one = b"GET /w/ HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"POST /w/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
    sent = one.replace(b"/w/", b"/slow") + one * (MOST_PIPELINED - 1) + last
    client.socket.sendall(sent)
    time.sleep(0.1)
    client.socket.sendall(b"body" + one)
    answers = [client.read() for _ in range(MOST_PIPELINED + 1)]
    assert {each.body for each in answers} == {b"page"}
    assert client.is_closed_within(LIMIT_S)


def test_requests__sent_without_waiting_by_one_who_hangs_up__are_no_errors(
    own: FrontServer, caplog: pytest.LogCaptureFixture
) -> None:
    with connected(own) as client:
        for path in ("/slow", "/w/", "/w/"):
            client.send(f"GET {path} HTTP/1.1", "Host: localhost")
        time.sleep(0.1)
    until(lambda: sum(own.front.tally.requests.values()) > 0)
    time.sleep(0.1)
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


@pytest.mark.parametrize("ends", ["", "Connection: close"])
def test_reader__that_takes_nothing__is_left(own: FrontServer, ends: str) -> None:
    connections = own.front.connections
    connections.reader_s = 0.5
    connections.look_every_s = connections.idle_s = 0.1
    with connected(own) as reads_nothing:
        for _ in range(20):
            reads_nothing.send("GET /large HTTP/1.1", "Host: a")
        if ends:
            reads_nothing.send("GET /large HTTP/1.1", "Host: a", ends)
        until(lambda: len(connections) == 1)
        until(lambda: len(connections) == 0)
    assert (connections.closed_unread, connections.closed_silent) == (1, 0)


class Reading(Connection):
    """A connection that has an answer to read."""

    heard_at, head_since, is_answering, is_closing = 0.0, None, True, False
    unread_bytes, is_cut = 1000, False

    def cut(self) -> None:
        self.is_cut = True


def test_reader__that_is_slow__is_left_only_when_it_takes_nothing_any_more() -> None:
    connections, slow = Connections(), Reading()
    connections.add(slow)
    for minute in range(1, 11):
        slow.unread_bytes -= 1
        connections.close_silent(60.0 * minute)
    assert not slow.is_cut
    connections.close_silent(661.0)
    assert slow.is_cut


def test_held_poll__server_stops_at_once__is_answered(own: FrontServer) -> None:
    with connected(own) as client:
        client.poll()
        client.read()
        client.poll(CURRENT, "Prefer: wait=60")
        until(lambda: plane_of(own).room.count == 1)
        own.stop()
        assert client.read().status == 304
