"""Bodies that hold many events: JSON, gzipped or not, bounded before it is unpacked."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import IO, Any

from rest_framework.exceptions import APIException, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from evaluations.services.outcomes.ingestion import LARGEST_BATCH
from policies.api.problem import WrongBody
from policies.engine import Problem

MAX_BATCH_BYTES = 5_000_000
# Some packers write a few; each costs a copy of what follows it.
MOST_GZIP_MEMBERS = 8
_GZIP = 16 + zlib.MAX_WBITS


class BatchTooLarge(APIException):
    status_code = 413
    default_detail = (
        f"A batch may hold at most {MAX_BATCH_BYTES // 1_000_000} MB, unpacked, and "
        f"{LARGEST_BATCH:,} events. Send it in parts."
    )


class BatchParser(BaseParser):
    """JSON, with `Content-Encoding: gzip` if the sender likes.

    No JSONParser: the framework reads the whole body into memory before it calls one.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw = stream.read(MAX_BATCH_BYTES + 1)
        request = (parser_context or {})["request"]
        encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding == "gzip":
            raw = unpacked(raw)
        elif encoding not in ("", "identity"):
            raise UnsupportedMediaType(encoding, f'Content-Encoding "{encoding}" is not read here.')
        if len(raw) > MAX_BATCH_BYTES:
            raise BatchTooLarge
        return _parsed(raw)


def _parsed(raw: bytes) -> object:
    """The JSON value. NaN and the like pass here, so that only the event that has one is bad."""
    try:
        return json.loads(raw)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise WrongBody([Problem("", f"is not JSON: {error.msg} at {place}")]) from None
    except (ValueError, RecursionError):
        what = "must be UTF-8 JSON, with numbers and nesting of a reasonable size"
        raise WrongBody([Problem("", what)]) from None


def unpacked(raw: bytes) -> bytes:
    """The content of a gzip body, given up on as soon as it is larger than a batch may be."""
    content, rest, members = b"", raw, 0
    try:
        while rest and len(content) <= MAX_BATCH_BYTES:
            members += 1
            if members > MOST_GZIP_MEMBERS:
                what = f"the gzip data has more than {MOST_GZIP_MEMBERS} members; send it as one"
                raise WrongBody([Problem("", what)])
            member = zlib.decompressobj(_GZIP)
            content += member.decompress(rest, MAX_BATCH_BYTES + 1 - len(content))
            if not member.eof and len(content) <= MAX_BATCH_BYTES:
                raise WrongBody([Problem("", "the gzip data ends too early")])
            rest = member.unused_data
    except zlib.error:
        raise WrongBody([Problem("", "must be gzip data, as Content-Encoding says")]) from None
    return content


def events_of(request: Request, member: str) -> Sequence[object]:
    """The events of a body: a list, `{"<member>": […]}`, or a single event."""
    body = request.data
    if isinstance(body, dict):
        if "request_id" in body or "summary_id" in body:
            body = [body]
        elif set(body) == {member}:
            body = body[member]
    if not isinstance(body, list):
        what = f'must be a list of events, or an object with the one member "{member}"'
        raise WrongBody([Problem("", what)])
    if len(body) > LARGEST_BATCH:
        raise BatchTooLarge
    return body
