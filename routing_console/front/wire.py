"""ASGI's messages, and whole answers made of them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import IO, Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApplication = Callable[[Any, Any, Any], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Answer:
    """A whole answer; a large body is a file, read from where it stands and closed when sent."""

    status: int
    headers: Headers = ()
    body: bytes | IO[bytes] = b""


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of this lower-case name."""
    return next((value for found, value in scope["headers"] if found == name), None)


def json_answer(status: int, document: object, headers: Headers = ()) -> Answer:
    body = json.dumps(document, ensure_ascii=False).encode()
    fields = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    return Answer(status, [*fields, (b"content-length", b"%d" % len(body)), *headers], body)


def problem(status: int, detail: str, headers: Headers = ()) -> Answer:
    """A problem document (RFC 9457) with the status' own phrase as its title."""
    title = HTTPStatus(status).phrase
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    plain = json_answer(status, document, headers)
    kind = (b"content-type", b"application/problem+json")
    return Answer(status, [kind, *plain.headers[1:]], plain.body)


def refusal(scope: Scope, status: int, detail: str, headers: Headers = ()) -> Answer:
    """A problem document, or a page of the same words for a browser that asks for one."""
    if b"text/html" not in (header(scope, b"accept") or b""):
        return problem(status, detail, headers)
    title = HTTPStatus(status).phrase
    text = f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{escape(detail)}</p>"
    body = text.encode()
    fields = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", b"default-src 'none'"),
    ]
    return Answer(status, [*fields, *headers], body)


def retry_after(seconds: int) -> tuple[bytes, bytes]:
    return b"retry-after", b"%d" % seconds
