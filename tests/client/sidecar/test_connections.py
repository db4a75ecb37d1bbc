"""What clients do to a connection: keep it, drip, flood, break off. The others are served."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.client.errors import ClientError
from policies.client.sidecar.connections import Connection, Gathering, Limits
from policies.client.sidecar.http import Answer, Refusal, parse_head
from policies.client.sidecar.listening import listen, parse_address
from policies.client.sidecar.server import Place
from tests.client.conftest import Router
from tests.client.sidecar.conftest import Running, running

BODY = json.dumps({"request_id": "r-1", "attributes": {"task": "code"}}).encode()
HEAD = b"POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
TIGHT = Limits(
    head=2000, body=3000, bodies=4000, small_body=100, connections=4, arrival_s=0.3, idle_s=0.3
)
READY = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def tight(router: Router) -> Iterator[Running]:
    """A sidecar that loses patience after a third of a second and takes four connections."""
    client = router()
    client.poll_once()
    with running(client, limits=TIGHT) as sidecar:
        yield sidecar


def connected(sidecar: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", sidecar.port), timeout=10)


def status_of(connection: socket.socket) -> int:
    """The status of the next answer, whose body is read, too."""
    file = connection.makefile("rb")
    status = int(file.readline().split()[1])
    length = 0
    while (line := file.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    file.read(length)
    return status


def is_ended(connection: socket.socket) -> bool:
    return connection.recv(1) == b""


def is_gone(connection: socket.socket) -> bool:
    """Whether nobody holds the other end any more, as sending shows before long."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            connection.sendall(b"x")
        except ConnectionError:
            return True
    return False


class Untaken(asyncio.Transport):
    """A transport whose client takes nothing, so that closing it waits without end."""

    is_aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """It stays in the buffer."""

    def close(self) -> None:
        """Begun, and never done."""

    def abort(self) -> None:
        self.is_aborted = True


def test_connection__kept__answers_request_after_request(sidecar: Running) -> None:
    with connected(sidecar) as connection:
        for _ in range(3):
            connection.sendall(WHOLE)
            assert status_of(connection) == 200


def test_request__byte_by_byte__is_answered(sidecar: Running) -> None:
    with connected(sidecar) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in WHOLE:
            connection.sendall(bytes([byte]))
        assert status_of(connection) == 200


def test_requests__many_at_once__are_answered_in_order(sidecar: Running) -> None:
    with connected(sidecar) as connection:
        connection.sendall(WHOLE * 20 + b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        while received.count(b"HTTP/1.1 ") < 21:
            received += connection.recv(65_536)
    statuses = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200"] * 20 + [b"404"]


def test_request__that_waits_for_leave__gets_it(sidecar: Running) -> None:
    with connected(sidecar) as connection:
        length = b"Content-Length: %d\r\n" % len(BODY)
        connection.sendall(HEAD + length + b"Expect: 100-continue\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert status_of(connection) == 200


@pytest.mark.parametrize("begun", [HEAD, HEAD + b"Content-Length: 900\r\n\r\n{", b"G"])
def test_request__that_does_not_end__is_given_up_in_time(tight: Running, begun: bytes) -> None:
    with connected(tight) as connection:
        connection.sendall(begun)
        assert status_of(connection) == 408
        assert is_ended(connection)


def test_connection__without_requests__is_closed(tight: Running) -> None:
    with connected(tight) as connection:
        assert is_ended(connection)


def test_client__that_takes_no_answers__is_cut_off_and_nobody_waits(tight: Running) -> None:
    with connected(tight) as greedy:
        greedy.settimeout(0.2)
        deadline = time.monotonic() + 20
        with pytest.raises(ConnectionError):
            while time.monotonic() < deadline:
                with contextlib.suppress(TimeoutError):
                    greedy.sendall(WHOLE * 100)
                assert tight.post("/v1/decide", json.loads(BODY)).status == 200


@pytest.mark.parametrize("probes_only", [False, True])
def test_connections__more_than_allowed__are_told_to_come_back_and_gone_at_once(
    router: Router, probes_only: bool
) -> None:
    place = Place(parse_address("127.0.0.1:0"), probes_only=probes_only)
    limits = Limits(connections=4, probe_connections=2)
    most = limits.probe_connections if probes_only else limits.connections
    with contextlib.ExitStack() as held:
        sidecar = held.enter_context(running(router(), place, limits=limits))
        for _ in range(most):  # each has been accepted by the time it is answered
            connection = held.enter_context(connected(sidecar))
            connection.sendall(READY)
            assert status_of(connection) == 200
        one_more = held.enter_context(connected(sidecar))
        assert status_of(one_more) == 503
        assert is_ended(one_more)
        assert is_gone(one_more)


def test_connection__that_leaves_its_answer_in_our_hands__is_cut_off_when_its_time_is_over() -> (
    None
):
    transport = Untaken()
    gathering = Gathering(lambda asked: Answer(200), Limits())
    connection = Connection(gathering, hosts=None)
    connection.connection_made(transport)
    connection.data_received(READY)
    connection.close_if_late(math.inf)
    assert transport.is_aborted


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"Content-Length: 3001\r\n\r\n" + b"x" * 3001, 413),
        (HEAD + b"X: " + b"x" * 3000, 431),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: +1\r\n\r\n{", 400),
        (HEAD + b" Content-Length: 1\r\n\r\n{", 400),
        (HEAD + b"No colon\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
        (b"GET /readyz HTTP/1.1\r\nHost: rebound.example\r\n\r\n", 421),
        (b"GET /readyz HTTP/1.1\r\n\r\n", 421),
    ],
)
def test_request__that_could_be_misread_or_is_too_large__is_refused_and_ended(
    tight: Running, sent: bytes, status: int
) -> None:
    with connected(tight) as connection:
        connection.sendall(sent)
        assert status_of(connection) == status
        assert is_ended(connection)


def test_large_bodies__together_beyond_memory__are_told_to_come_back(tight: Running) -> None:
    length = b"Content-Length: 2500\r\n\r\n"
    with connected(tight) as first, connected(tight) as second:
        first.sendall(HEAD + length)
        time.sleep(0.05)
        second.sendall(HEAD + length)
        assert status_of(second) == 503


@pytest.mark.parametrize("host", [b"localhost", b"127.0.0.1:99", b"[::1]:8700", b"LOCALHOST:1"])
def test_host__of_this_machine__is_accepted(sidecar: Running, host: bytes) -> None:
    with connected(sidecar) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        assert status_of(connection) == 200


def test_http_1_0__is_answered_and_ended(sidecar: Running) -> None:
    with connected(sidecar) as connection:
        connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert status_of(connection) == 200
        assert is_ended(connection)


def test_parse_head__bytes_beyond_ascii__are_refused() -> None:
    with pytest.raises(Refusal):
        parse_head("GET /ä HTTP/1.1".encode())


# --- Unix sockets and the end -----------------------------------------------------------
def test_unix_socket__is_for_its_own_user_and_gone_at_the_end(
    router: Router, socket_path: Path
) -> None:
    client = router()
    client.poll_once()
    with running(client, Place(parse_address(f"unix:{socket_path}"))):
        assert stat.S_IMODE(socket_path.stat().st_mode) == 0o600
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(socket_path))
            connection.sendall(WHOLE.replace(b"localhost", b"anything"))
            assert status_of(connection) == 200
        with pytest.raises(ClientError, match="Another process listens"):
            listen(parse_address(f"unix:{socket_path}"))
    assert not socket_path.exists()


def test_unix_socket__left_over_by_a_killed_process__is_replaced(socket_path: Path) -> None:
    listen(parse_address(f"unix:{socket_path}")).close()
    assert socket_path.exists()
    listen(parse_address(f"unix:{socket_path}")).close()


def test_unix_socket__in_the_place_of_a_file__leaves_the_file_alone(socket_path: Path) -> None:
    socket_path.write_text("precious")
    with pytest.raises(ClientError, match="no socket"):
        listen(parse_address(f"unix:{socket_path}"))
    assert socket_path.read_text() == "precious"


@pytest.mark.parametrize("text", ["8700", "example.com:80", "127.0.0.1:x", "unix:", ":1", "[::1]"])
def test_address__that_is_none__is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ClientError, match="must"):
        parse_address(text)


def test_address__taken__says_so(sidecar: Running) -> None:
    with pytest.raises(ClientError, match=f"Cannot listen at 127.0.0.1:{sidecar.port}"):
        listen(parse_address(f"127.0.0.1:{sidecar.port}"))


def test_end__while_a_request_arrives__lets_it_finish_and_takes_no_more(
    router: Router,
) -> None:
    client = router()
    client.poll_once()
    with running(client) as sidecar, connected(sidecar) as slow, connected(sidecar) as idle:
        slow.sendall(WHOLE[:-5])
        idle.sendall(WHOLE)
        assert status_of(idle) == 200
        stopping = threading.Thread(target=sidecar.stop)
        stopping.start()
        assert is_ended(idle)
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", sidecar.port), timeout=1)
        slow.sendall(WHOLE[-5:])
        assert status_of(slow) == 200
        assert is_ended(slow)
        slow.close()
        stopping.join(10)
        assert not stopping.is_alive()
