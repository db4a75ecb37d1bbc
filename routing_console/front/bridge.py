"""One request through a WSGI application, in the thread that calls.

The request's body is there already, and the answer is written to memory or a temporary file at
the pace of the application, so that a thread never waits for either end of a connection.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from routing_console.front.bodies import Body
from routing_console.front.wire import Answer, Headers, Scope

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
MEMORY_BYTES = 1_000_000
BODILESS = frozenset({204, 304})
# HTTP's own joins: a browser may send its cookies in several lines over HTTP/2.
_JOINED_BY = {"HTTP_COOKIE": "; "}


def environ_of(scope: Scope, body: Body) -> dict[str, Any]:
    """The WSGI environment of a request whose body has been received."""
    server = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        # Bytes as latin-1, as WSGI has it; ASGI's own path has lost what was not UTF-8.
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": (scope.get("client") or ("", 0))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body.file,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    environ |= _header_variables(scope["headers"])
    environ["CONTENT_LENGTH"] = str(body.size)  # as received, chunked or not
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return environ


def _header_variables(headers: Headers) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    for raw_name, raw_value in headers:
        # A name with an underscore would pass for the one with a hyphen that a proxy sets.
        if b"_" not in raw_name:
            key = raw_name.decode("latin-1").upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
            values.setdefault(key, []).append(raw_value.decode("latin-1"))
    return {key: _JOINED_BY.get(key, ",").join(each) for key, each in values.items()}


def call(application: WSGIApplication, environ: dict[str, Any]) -> Answer:
    """The application's whole answer, closed in this thread: its connections are this thread's."""
    spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115
    begun: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        begun[:] = [(status, headers)]
        return spool.write

    try:
        parts = application(environ, start_response)
        try:
            for part in parts:
                spool.write(part)
        finally:
            getattr(parts, "close", _nothing)()
    except BaseException:
        spool.close()
        raise
    status, headers = begun[0]
    code, fields, size = int(status.partition(" ")[0]), _encoded(headers), spool.tell()
    has_body = environ["REQUEST_METHOD"] != "HEAD" and code not in BODILESS
    if has_body and not any(name == b"content-length" for name, _ in fields):
        # Else it would go out in chunks, which HTTP/1.0 does not know.
        fields.append((b"content-length", b"%d" % size))
    return Answer(code, fields, _content(spool))


def _nothing() -> None:
    """What an answer without `close` does when it is closed."""


def _encoded(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers
    ]


def _content(spool: IO[bytes]) -> bytes | IO[bytes]:
    size = spool.tell()
    spool.seek(0)
    if size > MEMORY_BYTES:
        return spool
    with spool:
        return spool.read()
