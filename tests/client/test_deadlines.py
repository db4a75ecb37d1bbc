"""No peer, however slow, holds a poll longer than its deadline."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from policies.client import PolicyClient
from tests.client.fake_console import TOKEN

DRIP_S = 0.02
# A deadline six times the silence of 0.1 s. What drips would go on for a minute.
TIMEOUT_S, FAR_TOO_LONG_S = 0.1, 15.0

Talk = Callable[[socket.socket], None]


@contextmanager
def peer(talk: Talk) -> Iterator[int]:
    """A server that says what it likes, on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_talk, args=(talk, connection), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def _talk(talk: Talk, connection: socket.socket) -> None:
    with connection:
        try:
            connection.recv(65536)
            talk(connection)
        except OSError:
            pass  # the client has hung up, as it should


def drip(connection: socket.socket, text: bytes) -> None:
    for byte in text * 1000:
        connection.sendall(bytes([byte]))
        time.sleep(DRIP_S)


def body_with_length(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    drip(connection, b"x")


def body_without_length(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    drip(connection, b"x")


def body_in_chunks(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    drip(connection, b"1\r\nx\r\n")


def headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    drip(connection, b"x")


def status_line(connection: socket.socket) -> None:
    drip(connection, b"HTTP/1.1 100 Continue\r\n\r\n")


def handshake(connection: socket.socket) -> None:
    """The header of a TLS record, and then byte by byte what it announces."""
    connection.sendall(b"\x16\x03\x03\x40\x00")
    drip(connection, b"\x02")


@pytest.mark.parametrize(
    ("scheme", "talk"),
    [
        ("http", body_with_length),
        ("http", body_without_length),
        ("http", body_in_chunks),
        ("http", headers),
        ("http", status_line),
        ("https", handshake),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_poll__answer_that_drips__ends_at_the_deadline(scheme: str, talk: Talk) -> None:
    with peer(talk) as port:
        client = PolicyClient(f"{scheme}://127.0.0.1:{port}", TOKEN, timeout_s=TIMEOUT_S)
        began = time.monotonic()
        assert not client.poll_once()
        assert time.monotonic() - began < FAR_TOO_LONG_S
        assert "cannot be reached" in client.health.last_error


def test_close__during_a_poll_that_drips__does_not_wait_for_it() -> None:
    asked = threading.Event()

    def talk(connection: socket.socket) -> None:
        asked.set()
        body_without_length(connection)

    said: list[str] = []
    with peer(talk) as port:
        client = PolicyClient(f"http://127.0.0.1:{port}", TOKEN, timeout_s=60, say=said.append)
        client.start()
        assert asked.wait(10)
        client.close()
        assert not client.health.polling
        assert said == []
