"""A console over real HTTP that says whatever a test wants it to, true or not."""

from __future__ import annotations

import base64
import datetime
import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.client.keys import thumbprint
from policies.engine import canonical_bytes, compose, digest
from tests.policies.steps import documents

TOKEN = "rcr_" + "t" * 43
CREATED = "2026-02-01T00:00:00Z"
ENDORSEMENT, REVOCATION = "routing-console-key", "routing-console-revocation"
NOW = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)
CATALOGUE = {
    "providers": {"acme": {"label": "Acme"}, "borealis": {"label": "Borealis"}},
    "models": {
        name: {
            "provider": provider,
            "label": name,
            "context_window": 128_000,
            "regions": ["eu"],
            "capabilities": [],
            "status": "active",
            "input_usd_per_mtok": 1,
            "output_usd_per_mtok": 2,
        }
        for name, provider in (
            ("swift-small", "acme"),
            ("swift-large", "acme"),
            ("orchid", "borealis"),
        )
    },
}


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def canonical(statement: Mapping[str, object]) -> bytes:
    """RFC 8785 of what holds only ASCII text and whole numbers."""
    return json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()


def key_set(*keys: Key) -> bytes:
    """A JWK Set as the console publishes it."""
    live = [key.jwk for key in keys if key.revocation is None]
    revoked = [key.jwk for key in keys if key.revocation is not None]
    return json.dumps({"keys": live, "revoked": revoked}).encode()


class Key:
    """A signing key, as an independent implementation of the console's side has it."""

    def __init__(self, sequence: int = 0, endorsed_by: Key | None = None) -> None:
        self._private = Ed25519PrivateKey.generate()
        self.public = self._private.public_key().public_bytes_raw()
        self.kid = thumbprint(self.public)
        self.sequence = sequence
        self.endorsements: list[str] = []
        self.revocation: dict[str, str] | None = None
        if sequence:
            self.endorsements.append((endorsed_by or self).sign(self._statement, typ=ENDORSEMENT))

    @property
    def _statement(self) -> bytes:
        said = {"created_at": CREATED, "kid": self.kid, "sequence": self.sequence}
        return canonical({**said, "x": encoded(self.public)})

    def next(self) -> Key:
        """The key after this one, endorsed by it."""
        return Key(self.sequence + 1, self)

    def revoke(self, other: Key, reason: str = "compromised", at: str = CREATED) -> None:
        """Say with this key that another is not to be believed."""
        said = {"reason": reason, "revoked_at": at}
        statement = canonical({**said, "kid": other.kid, "sequence": other.sequence})
        other.revocation = {**said, "signature": self.sign(statement, typ=REVOCATION)}

    @property
    def jwk(self) -> dict[str, Any]:
        jwk: dict[str, Any] = {"kty": "OKP", "crv": "Ed25519", "kid": self.kid}
        jwk["x"] = encoded(self.public)
        if self.sequence:
            jwk |= {"sequence": self.sequence, "created_at": CREATED}
            jwk |= {"endorsements": self.endorsements}
        return jwk if self.revocation is None else {**jwk, "revocation": self.revocation}

    def sign(self, body: bytes, **header: object) -> str:
        protected = encoded(json.dumps({"alg": "EdDSA", "kid": self.kid, **header}).encode())
        signature = self._private.sign(f"{protected}.{encoded(body)}".encode())
        return f"{protected}..{encoded(signature)}"


def bundle(share: int = 90) -> dict[str, Any]:
    return compose(documents(share=share), CATALOGUE)


def release_body(
    number: int = 1,
    *,
    share: int = 90,
    not_after: datetime.datetime = NOW + datetime.timedelta(days=30),
    when_stale: str = "serve_stale",
    changes: Mapping[str, object] | None = None,
) -> bytes:
    content = bundle(share)
    document: dict[str, object] = {
        "schema": 1,
        "workflow": "support-assistant",
        "environment": "production",
        "release": {
            "number": number,
            "digest": digest(content),
            "published_at": NOW.isoformat(),
            "not_after": not_after.isoformat(),
            "approved_by": ["reviewer"],
            "when_stale": when_stale,
        },
        "bundle": content,
        "rollout": None,
    }
    return canonical_bytes({**document, **(changes or {})})


@dataclass
class Asked:
    """A request that arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def events(self) -> list[dict[str, Any]]:
        """The outcomes it reports."""
        unpacked: list[dict[str, Any]] = json.loads(gzip.decompress(self.body))
        return unpacked


Answer = tuple[int, Mapping[str, str], bytes]
TAKEN: Answer = (200, {}, b'{"accepted": 1, "duplicates": 0, "rejected": []}')
# What others answer in the console's place: a page to sign in at, nothing, an error of their own.
NO_RECEIPTS: list[Answer] = [
    (200, {"Content-Type": "text/html"}, b"<html>Sign in</html>"),
    (200, {}, b""),
    (204, {}, b""),
    (200, {}, b'{"error": "no"}'),
    (200, {}, b'{"accepted": true, "duplicates": "0", "interval_s": "30"}'),
    (200, {}, b"[]"),
]


@dataclass
class FakeConsole:
    """What it serves now. `fault` may change any answer to `/api/v1/policy` on its way out;
    `proxy` may answer outcomes before they get here."""

    url: str = ""
    key: Key = field(default_factory=lambda: Key(1))
    published_keys: list[Key] = field(default_factory=list)
    body: bytes = b""
    signature: str = ""
    fault: Callable[[Answer], Answer] = lambda answer: answer
    outcomes: Answer = TAKEN
    proxy: Callable[[Asked], Answer | None] = lambda asked: None
    status: Answer = (202, {}, b'{"interval_s": 30}')
    asked: list[Asked] = field(default_factory=list)
    token: str = TOKEN
    # Whether connections stay open, how many there were, and whether polls are held.
    keeps_alive: bool = False
    connections: int = 0
    holds: bool = False
    published: threading.Condition = field(default_factory=threading.Condition)

    def publish(self, number: int = 1, *, key: Key | None = None, **options: Any) -> None:
        signer = key or self.key
        if signer not in self.published_keys:
            self.published_keys.append(signer)
        self.body = release_body(number, **options)
        self.signature = signer.sign(self.body)
        with self.published:
            self.published.notify_all()

    @property
    def etag(self) -> str:
        """As docs/delivery.md has it."""
        release = json.loads(self.body)["release"]
        end = int(datetime.datetime.fromisoformat(release["not_after"]).timestamp())
        return f'"{release["digest"].removeprefix("sha256:")}.{release["number"]}.{end}"'

    def asked_for(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if asked.path == "/.well-known/jwks.json":
            content = key_set(*self.published_keys)
            return 200, {"Content-Type": "application/json"}, content
        if asked.path == "/api/v1/outcomes":
            return self.proxy(asked) or self.outcomes
        if asked.path == "/api/v1/status":
            return self.status
        return self.fault(self._policy(asked))

    def _policy(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {self.token}":
            return 401, {}, b'{"detail": "This token was revoked."}'
        applied = self._hold(asked)
        if asked.headers.get("If-None-Match") == self.etag:
            return 304, {"ETag": self.etag, **applied}, b""
        headers = {
            **applied,
            "ETag": self.etag,
            "Policy-Signature": self.signature,
            "Content-Encoding": "gzip",
        }
        return 200, headers, gzip.compress(self.body)

    def _hold(self, asked: Asked) -> dict[str, str]:
        """Wait for another release, as long as was preferred."""
        preferred = asked.headers.get("Prefer", "")
        if not self.holds or not preferred.startswith("wait="):
            return {}
        with self.published:
            self.published.wait_for(
                lambda: asked.headers.get("If-None-Match") != self.etag,
                float(preferred.removeprefix("wait=")),
            )
        return {"Preference-Applied": preferred}


def _handler(console: FakeConsole) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if console.keeps_alive else "HTTP/1.0"

        def setup(self) -> None:
            console.connections += 1
            super().setup()

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) == length:  # else its client hung up
                self._answer(body)
            else:
                self.close_connection = True

        def _answer(self, body: bytes) -> None:
            asked = Asked(self.command, self.path, dict(self.headers), body)
            status, headers, content = console.answer(asked)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            """Nothing: the tests read `asked`."""

    return Handler


@contextmanager
def running_console(kind: type[FakeConsole] = FakeConsole, **options: Any) -> Iterator[FakeConsole]:
    """A console on a free port, with release 1 published."""
    console = kind(**options)
    console.publish(1)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(console))
    server.daemon_threads = True
    console.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield console
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
