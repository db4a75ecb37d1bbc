"""What an answer of the sidecar costs, beside the same answers from a thread for each connection.

    python -m tests.benchmarks.sidecar_speed [requests]

Both serve `/v1/decide` by the same code, in a process of its own, to keep-alive connections that
each ask for the next decision when they have the last. CPU time is the server's alone, so that what
else the machine does matters little; seconds are what a client waits.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection

from policies.client import PolicyClient
from policies.client.sidecar.answers import Answers
from policies.client.sidecar.figures import Figures
from policies.client.sidecar.http import Asked
from policies.client.sidecar.listening import parse_address
from policies.client.sidecar.routes import Routes
from policies.client.sidecar.server import Place, Sidecar
from tests.conformance.console import scripted_console
from tests.conformance.playing import TOKEN

CONNECTIONS = (1, 16, 64)
BODY = json.dumps({"request_id": "r-1", "attributes": {}}).encode()
QUESTION = (
    b"POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


def client_at(url: str) -> PolicyClient:
    client = PolicyClient(url, TOKEN, tempfile.mkdtemp())
    if not client.poll_once():
        raise SystemExit(client.health.last_error)
    return client


def serve_by_loop(url: str, told: Connection) -> None:
    """The sidecar as it is."""

    async def serve() -> None:
        sidecar = Sidecar(client_at(url), say=print)
        addresses = await sidecar.open([Place(parse_address("127.0.0.1:0"))])
        told.send(addresses[0].port)
        await sidecar.serve(asyncio.Event())

    threading.Thread(target=_answer_cpu, args=(told,), daemon=True).start()
    asyncio.run(serve())


def serve_by_threads(url: str, told: Connection) -> None:
    """The standard library's server, with a thread for each connection."""
    client = client_at(url)
    figures = Figures(client)
    routes = Routes(Answers(client, figures).routes, figures, print)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # in one packet, or each answer waits 40 ms for the client's receipt

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): text for name, text in self.headers.items()}
            answer = routes(Asked("POST", self.path, headers, body))
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.send(server.server_address[1])
    threading.Thread(target=_answer_cpu, args=(told,), daemon=True).start()
    server.serve_forever()


def _answer_cpu(told: Connection) -> None:
    while told.recv():
        times = os.times()
        told.send(times.user + times.system)


def ask(port: int, connections: int, requests: int) -> list[float]:
    """Seconds that each request took; every connection asks again when it is answered."""
    waits: list[float] = []

    def one() -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            for _ in range(requests // connections):
                began = time.perf_counter()
                connection.sendall(QUESTION)
                received = connection.recv(65_536)
                while not received.endswith(b"}"):
                    received += connection.recv(65_536)
                waits.append(time.perf_counter() - began)

    threads = [threading.Thread(target=one) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(waits)


def measure(url: str, serve: Callable[[str, Connection], None], requests: int) -> list[str]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(url, there))
    process.start()
    port = here.recv()
    ask(port, 1, 500)  # warm
    cells = []
    for connections in CONNECTIONS:
        cpu = _cpu(here)
        waits = ask(port, connections, requests)
        spent = (_cpu(here) - cpu) / len(waits) * 1e6
        p50, p99 = (waits[int(len(waits) * share)] * 1e3 for share in (0.5, 0.99))
        cells.append(f"{spent:.0f} µs · {p50:.2f} / {p99:.2f} ms")
    process.terminate()
    process.join()
    return cells


def _cpu(connection: Connection) -> float:
    connection.send(True)
    seconds: float = connection.recv()
    return seconds


def main(requests: int) -> None:
    print("| CPU an answer · p50 / p99 | " + " | ".join(f"{n} connections" for n in CONNECTIONS))
    with scripted_console() as script:
        script.serve = {"release": "one"}
        for name, serve in (("event loop", serve_by_loop), ("threads", serve_by_threads)):
            print(f"| {name} | " + " | ".join(measure(script.url, serve, requests)) + " |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6000)
