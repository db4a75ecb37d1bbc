"""HTTP/1.1 as text: only what clients of a sidecar send, a request line, headers and a body of
stated length. Anything that two readers could read differently is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from ..exchange import PROBLEM_TYPE

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_LENGTH = re.compile(rb"[0-9]{1,15}\Z")
_JSON = "application/json"
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Asked:
    """A request in full. `headers` have lower-case names; `path` is without the query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """An answer before framing."""

    status: int
    body: bytes = b""
    content_type: str = _JSON
    headers: Mapping[str, str] = field(default_factory=dict)


Respond = Callable[[Asked], Answer]


def json_answer(
    document: object,
    status: int = 200,
    *,
    content_type: str = _JSON,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """A JSON document in UTF-8. What a prompt or an id held of half surrogates is replaced."""
    return Answer(
        status, _ENCODER.encode(document).encode("utf-8", "replace"), content_type, headers or {}
    )


def problem(
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> Answer:
    """A problem document (RFC 9457); `members` are added to it."""
    title = HTTPStatus(status).phrase
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return json_answer({**document, **members}, status, content_type=PROBLEM_TYPE, headers=headers)


class Refusal(Exception):
    """A request that cannot be read. The connection ends with this answer."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True)
class Head:
    """A request up to its body, which is `length` bytes long."""

    method: str
    path: str
    headers: Mapping[str, str]
    length: int
    keeps_alive: bool


def parse_head(head: bytes) -> Head:
    """Request line and headers, without the empty line; raises Refusal."""
    first, *lines = head.split(b"\r\n")
    parts = first.split(b" ")
    if len(parts) != 3 or not _TOKEN.match(parts[0]) or not parts[1].isascii():
        raise Refusal(400, "The request line cannot be read.")
    if parts[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Refusal(505, "Only HTTP/1.1 is spoken here.")
    headers = _headers(lines)
    if "transfer-encoding" in headers:
        raise Refusal(411, "Send the body with a Content-Length, not in chunks.")
    length = headers.get("content-length", "0")
    if not _LENGTH.match(length.encode("latin-1")):
        raise Refusal(400, "Content-Length must be one whole number.")
    wish = headers.get("connection", "").lower()
    keeps_alive = "keep-alive" in wish if parts[2] == b"HTTP/1.0" else "close" not in wish
    path = parts[1].decode("ascii").partition("?")[0]
    return Head(parts[0].decode("ascii"), path, headers, int(length), keeps_alive)


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.match(name):
            raise Refusal(400, "A header line cannot be read.")
        key, text = name.decode("ascii").lower(), value.strip(b" \t").decode("latin-1")
        if key in headers and key in ("content-length", "host", "transfer-encoding"):
            raise Refusal(400, f"{name.decode('ascii')} is there twice.")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def framed(answer: Answer, *, with_body: bool, stays: bool) -> bytes:
    """Status line, headers and body."""
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    if answer.status != 304:  # RFC 9110, 8.6: it would have to be the 200's length
        lines += [f"Content-Type: {answer.content_type}", f"Content-Length: {len(answer.body)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if not stays:
        lines.append("Connection: close")
    head = "\r\n".join(lines) + "\r\n\r\n"
    return head.encode("ascii") + (answer.body if with_body else b"")
