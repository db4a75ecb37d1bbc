"""A console that answers what a case tells it to, over real HTTP. Standard library only."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.conformance.lasting import lasting

FIXTURES = Path(__file__).parent / "fixtures"
RELEASES = json.loads((FIXTURES / "releases.json").read_bytes())
KEYS = json.loads((FIXTURES / "keys.json").read_bytes())
POLICY_PATH, KEYS_PATH = "/api/v1/policy", "/.well-known/jwks.json"


@dataclass(frozen=True)
class Asked:
    """A request that arrived; `headers` have lower-case names."""

    path: str
    headers: Mapping[str, str]


@dataclass
class Script:
    """What is answered now: see README.md for `serve`."""

    url: str = ""
    serve: Mapping[str, Any] = field(default_factory=dict)
    keys: str = "first"
    asked: list[Asked] = field(default_factory=list)
    lasting: dict[str, Mapping[str, str]] = field(default_factory=dict)
    answered: threading.Event = field(default_factory=threading.Event)

    def questions(self) -> list[Asked]:
        """Those for the policy."""
        return [asked for asked in self.asked if asked.path == POLICY_PATH]

    def last_question(self) -> Asked | None:
        return self.questions()[-1] if self.questions() else None

    def release(self) -> Mapping[str, str]:
        """The one that is served; what lasts seconds does so from when it is first asked for."""
        name = self.serve.get("release", "")
        if "lasts_s" in self.serve:
            if name not in self.lasting:
                self.lasting[name] = lasting(RELEASES[name], self.serve["lasts_s"])
            return self.lasting[name]
        without = {"body": self.serve.get("body", ""), "signature": "", "etag": '"none"'}
        released: Mapping[str, str] = RELEASES.get(name, without)
        return released


def _policy(script: Script, asked: Asked) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, before anything is cut."""
    serve, release = script.serve, script.release()
    name, signature = serve.get("release", ""), release["signature"]
    if "signature" in serve:
        signature = RELEASES.get(serve["signature"], serve)["signature"]
    headers = {
        "Content-Type": "application/json",
        "ETag": release["etag"],
        "Policy-Signature": signature,
    }
    body = release["body"].encode("utf-8")
    status = serve.get("status", 200)
    if name and status == 200 and asked.headers.get("if-none-match") in (release["etag"], "*"):
        status, body = 304, b""
    packs = serve.get("gzip", "gzip" in asked.headers.get("accept-encoding", ""))
    if packs and body:
        headers["Content-Encoding"] = "gzip"
        body = body if packs == "broken" else gzip.compress(body)
    return status, {**headers, **serve.get("headers", {})}, body


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        asked = Asked(self.path, {name.lower(): text for name, text in self.headers.items()})
        self.server.script.asked.append(asked)
        if self.path == KEYS_PATH:
            keys = json.dumps(KEYS[self.server.script.keys]).encode()
            self._send(200, {"Content-Type": "application/jwk-set+json"}, keys, {})
        elif self.path == POLICY_PATH:
            self._answer_policy(asked)
        else:
            self._send(404, {}, b"", {})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._send(202, {"Content-Type": "application/json"}, b"{}", {})

    def _answer_policy(self, asked: Asked) -> None:
        serve = self.server.script.serve
        if serve.get("unpublished"):
            self.close_connection = True
        else:
            self._send(*_policy(self.server.script, asked), serve)
        self.server.script.answered.set()

    def _send(
        self, status: int, headers: Mapping[str, str], body: bytes, serve: Mapping[str, Any]
    ) -> None:
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if cut := serve.get("cut", 0):
            self.close_connection = True
            body = body[:-cut]
        self._write(body, serve.get("pause_s", 0))

    def _write(self, body: bytes, pause_s: float) -> None:
        at_once = len(body) // 2 if pause_s else len(body)
        try:
            self.wfile.write(body[:at_once])
            for index in range(at_once, len(body)):
                time.sleep(pause_s)
                self.wfile.write(body[index : index + 1])
        except OSError:
            self.close_connection = True  # the client has had enough

    def log_message(self, *arguments: object) -> None:
        """Nothing: what was asked is kept."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script

    def handle_error(self, *arguments: object) -> None:
        """Clients break connections here all the time."""


@contextmanager
def scripted_console() -> Iterator[Script]:
    """A console on a free port of this machine."""
    script = Script()
    server = _Server(script)
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
