"""On a running console: whoever is slow waits alone."""

import http.client
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from tests.services.console import Console

pytestmark = pytest.mark.server
PATIENCE_S = 20


def _ask(console: Console, method: str, path: str, headers: dict[str, str] | None = None) -> int:
    address = urlsplit(console.url).netloc
    connection = http.client.HTTPConnection(address, timeout=PATIENCE_S)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def _csrf_cookie(console: Console) -> str:
    connection = http.client.HTTPConnection(urlsplit(console.url).netloc, timeout=PATIENCE_S)
    connection.request("GET", "/sign-in/")
    cookie = connection.getresponse().headers["Set-Cookie"]
    connection.close()
    return cookie.partition(";")[0]


@contextmanager
def _unfinished_posts(console: Console, path: str, count: int, *fields: str) -> Iterator[None]:
    """So many requests whose bodies were begun and do not go on."""
    where = urlsplit(console.url)
    head = [f"POST {path} HTTP/1.1", f"Host: {where.netloc}", "Content-Length: 1000", *fields]
    begun_with = "\r\n".join([*head, "", "username=a"])
    with ExitStack() as stack:
        for _ in range(count):
            begun = socket.create_connection((where.hostname, where.port), timeout=PATIENCE_S)
            stack.enter_context(begun)
            begun.sendall(begun_with.encode())
        yield


@pytest.mark.parametrize("count", [8, 300])
def test_unfinished_bodies__however_many__stop_neither_polls_nor_pages_nor_probes(
    demo_console: Console, count: int
) -> None:
    bearer = {"Authorization": f"Bearer {demo_console.demo()['router_token']}"}
    # With the cookie and the token, the body is all that each of them still waits for.
    cookie = f"Cookie: {_csrf_cookie(demo_console)}"
    form = "Content-Type: application/x-www-form-urlencoded"
    router = f"Authorization: {bearer['Authorization']}"
    batch = "Content-Type: application/json"
    with (
        _unfinished_posts(demo_console, "/sign-in/", count, cookie, form),
        _unfinished_posts(demo_console, "/api/v1/outcomes", count, router, batch),
    ):
        assert _ask(demo_console, "GET", "/healthz") == 200
        assert _ask(demo_console, "GET", "/readyz") == 200
        assert _ask(demo_console, "GET", "/api/v1/policy", bearer) == 200
        assert _ask(demo_console, "GET", "/sign-in/") == 200


def test_download__that_nobody_reads__holds_no_thread(demo_console: Console) -> None:
    where = urlsplit(demo_console.url)
    with ExitStack() as stack:
        for _ in range(30):
            reader = socket.create_connection((where.hostname, where.port), timeout=PATIENCE_S)
            stack.enter_context(reader)
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            request = f"GET /static/vendor/plotly.min.js HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n"
            reader.sendall(request.encode())
            assert reader.recv(12) == b"HTTP/1.1 200"
        assert _ask(demo_console, "GET", "/sign-in/") == 200


def _figure(console: Console, line: str) -> float:
    connection = http.client.HTTPConnection(urlsplit(console.url).netloc, timeout=PATIENCE_S)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return next(float(row.rpartition(" ")[2]) for row in text.splitlines() if row.startswith(line))


def test_clients__that_hang_up_at_once__take_no_thread_and_no_connection_along(
    demo_console: Console,
) -> None:
    where = urlsplit(demo_console.url)
    page = f"GET /w/support-assistant/ HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n"
    for _ in range(200):
        with socket.create_connection((where.hostname, where.port), timeout=PATIENCE_S) as left:
            left.sendall(page.encode())
    give_up_at = time.monotonic() + PATIENCE_S
    busy = 'routing_console_place_threads_busy{place="pages"}'
    while _figure(demo_console, busy):
        assert time.monotonic() < give_up_at, "threads stay taken"
    # More at once than there are threads, and than the pool has connections.
    with ThreadPoolExecutor(24) as people:
        statuses = list(people.map(lambda _: _ask(demo_console, "GET", "/sign-in/"), range(48)))
    assert set(statuses) == {200}
