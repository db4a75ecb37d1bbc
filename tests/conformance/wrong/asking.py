"""GET within a deadline of the whole exchange; redirects are not followed."""

from __future__ import annotations

import gzip
import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass

from policies.client.errors import FetchFailed


@dataclass(frozen=True)
class Answer:
    """The body is unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def get(address: str, path: str, sent: Mapping[str, str], deadline_s: float) -> Answer:
    """Raises FetchFailed without a whole answer in time, of whatever status."""
    ends = time.monotonic() + deadline_s
    connection = http.client.HTTPConnection(address, timeout=deadline_s)
    try:
        connection.request("GET", path, headers=dict(sent))
        answer = connection.getresponse()
        body = _read(answer, ends)
        headers = dict(answer.headers.items())
        packed = headers.get("Content-Encoding") == "gzip"
        return Answer(answer.status, headers, gzip.decompress(body) if packed else body)
    except (OSError, EOFError, http.client.HTTPException) as error:
        raise FetchFailed(repr(error)) from None
    finally:
        connection.close()


def _read(answer: http.client.HTTPResponse, ends: float) -> bytes:
    body = b""
    while part := answer.read1(65_536):
        body += part
        if time.monotonic() > ends:
            raise FetchFailed("too slow")
    if answer.length:
        raise FetchFailed("cut off")
    return body
