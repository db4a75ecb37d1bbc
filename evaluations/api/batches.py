"""Bodies that hold many events: JSON, gzipped or not, bounded before it is unpacked and read."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from rest_framework.exceptions import APIException, UnsupportedMediaType
from rest_framework.parsers import BaseParser

from evaluations.services.outcomes.ingestion import LARGEST_BATCH
from policies.api.problem import WrongBody
from policies.engine import Problem

MAX_BATCH_BYTES = 5_000_000
# A batch weighs as much as the events it holds, or as one for each so many bytes if that is more.
BYTES_OF_AN_EVENT = MAX_BATCH_BYTES // LARGEST_BATCH
# Objects, lists and texts; each takes some 60 to 180 bytes of memory, and as little as 3 of JSON.
MOST_VALUES = 200 * LARGEST_BATCH
_NUMBERS_OF_A_VALUE = 5
# Some packers write a few; each costs a copy of what follows it.
MOST_GZIP_MEMBERS = 8
_GZIP = 16 + zlib.MAX_WBITS


class BatchTooLarge(APIException):
    status_code = 413
    default_detail = (
        f"A batch may hold at most {MAX_BATCH_BYTES // 1_000_000} MB, unpacked, "
        f"{LARGEST_BATCH:,} events and {MOST_VALUES:,} objects, lists and texts. Send it in parts."
    )


@dataclass
class Batch:
    """What was sent, read when its events are asked for; `weight` is in events.

    The framework's request refers to itself, so what it holds stays in memory until the next full
    garbage collection, long after the answer: it holds this, and nothing that was unpacked.
    """

    stream: IO[Any]
    encoding: str
    weight: int = 1

    def events(self, member: str) -> Sequence[object]:
        """Those of a list, of `{"<member>": […]}`, or a single one. To be read once.

        Raises BatchTooLarge, WrongBody and UnsupportedMediaType; `weight` is right then, too.
        """
        if self.encoding not in ("", "identity", "gzip"):
            what = f'Content-Encoding "{self.encoding}" is not read here.'
            raise UnsupportedMediaType(self.encoding, what)
        raw = self.stream.read(MAX_BATCH_BYTES + 1)
        if self.encoding == "gzip":
            self.weight = LARGEST_BATCH  # until it is known how much there is in it
            raw = unpacked(raw)
        self.weight = max(1, len(raw) // BYTES_OF_AN_EVENT)
        if len(raw) > MAX_BATCH_BYTES or _values(raw) > MOST_VALUES:
            raise BatchTooLarge
        events = _listed(_parsed(raw), member)
        self.weight = max(self.weight, min(len(events), LARGEST_BATCH))
        if len(events) > LARGEST_BATCH:
            raise BatchTooLarge
        return events


class BatchParser(BaseParser):
    """Leaves a Batch: JSON, with `Content-Encoding: gzip` if the sender likes.

    No JSONParser: the framework reads the whole body into memory before it calls one.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        request = (parser_context or {})["request"]
        return Batch(stream, request.headers.get("Content-Encoding", "identity").strip().lower())


def _values(raw: bytes) -> int:
    """At least how much a JSON text makes when it is read, in objects, lists and texts.

    Counted where they begin, so that nothing is made of what is refused; what looks like one within
    a text counts, too.
    """
    containers, quotes = raw.count(b"{") + raw.count(b"["), raw.count(b'"')
    return containers + quotes // 2 + raw.count(b",") // _NUMBERS_OF_A_VALUE


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


def _listed(body: object, member: str) -> Sequence[object]:
    if isinstance(body, dict):
        if "request_id" in body or "summary_id" in body:
            body = [body]
        elif set(body) == {member}:
            body = body[member]
    if not isinstance(body, list):
        what = f'must be a list of events, or an object with the one member "{member}"'
        raise WrongBody([Problem("", what)])
    return body
