"""A real HTTP receiver of webhooks on this machine, and the Standard Webhooks check of what came.

The check is written from the specification alone and shares no code with the console.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came, and what is answered: a status for each request in turn, then the last."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [204])
    location: str = ""
    answer: bytes = b""
    delay_s: float = 0.0
    drips: bool = False
    # While it is not set, requests are taken and not answered.
    answering: threading.Event = field(default_factory=threading.Event)
    received: list[Received] = field(default_factory=list)

    def wait_for(self, count: int, limit_s: float = 20) -> list[Received]:
        """Return when so many requests came; fails with what did come."""
        give_up_at = time.monotonic() + limit_s
        while len(self.received) < count:
            assert time.monotonic() < give_up_at, f"{len(self.received)} of {count} came"
            time.sleep(0.05)
        return self.received


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a sender that has hung up, as one does that waits no longer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def listening() -> Iterator[Receiver]:
    """Take POST requests on a free port of the loopback until the block ends."""
    receiver = Receiver()
    receiver.answering.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.received.append(Received(self.path, headers, body))
            receiver.answering.wait()
            time.sleep(receiver.delay_s)
            position = min(len(receiver.received), len(receiver.statuses)) - 1
            self.send_response(receiver.statuses[position])
            if receiver.location:
                self.send_header("Location", receiver.location)
            if receiver.drips:
                self.end_headers()
                self.drip()
                return
            self.send_header("Content-Length", str(len(receiver.answer)))
            self.end_headers()
            self.wfile.write(receiver.answer)

        def drip(self) -> None:
            """Answer a byte at a time without saying how many, until the other side hangs up."""
            try:
                while True:
                    self.wfile.write(b".")
                    time.sleep(0.02)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            return

    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield receiver
    finally:
        receiver.answering.set()
        server.shutdown()
        server.server_close()


def is_signed_by(secret: str, request: Received) -> bool:
    """Whether one of the request's signatures was made with this secret, not long ago."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    identity, moment = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    if abs(time.time() - int(moment)) > 300:
        return False
    content = f"{identity}.{moment}.".encode() + request.body
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    pairs = (part.split(",", 1) for part in request.headers["webhook-signature"].split(" "))
    return any(version == "v1" and given == expected for version, given in pairs)
