"""Answers as the two messages that an ASGI server is sent, and those of a release built once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from policies.delivery.answers import Found, Rank, VerifiedRelease
from policies.delivery.negotiation import LONGEST_WISH, any_tag_matches, latest_named, rank_of
from policies.delivery.respond import Answer, found


class Messages:
    """What `send` is given: `start`, then `body`. Shared between answers: never changed."""

    __slots__ = ("_bytes", "_date_line", "_variants", "body", "start", "status")

    def __init__(self, start: dict[str, Any], body: dict[str, Any]) -> None:
        self.start, self.body = start, body
        self.status: int = start["status"]
        self._date_line = self._bytes = b""
        self._variants: dict[tuple[bytes, bytes], Messages] = {}

    def as_bytes(self, date_line: bytes) -> bytes:
        """All of it as HTTP/1.1 sends it, with this `Date` header's line. It is made once for each
        line, which is once a second."""
        if self._date_line != date_line:
            status = HTTPStatus(self.status)
            head = [b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()), date_line]
            head += [b"%b: %b\r\n" % header for header in self.start["headers"]]
            self._bytes = b"".join([*head, b"\r\n", self.body["body"]])
            self._date_line = date_line
        return self._bytes

    def with_header(self, name: bytes, value: bytes) -> Messages:
        """The same with one header more; made once, since ten thousand may be told it at once."""
        header = (name, value)
        if header not in self._variants:
            headers = [*self.start["headers"], header]
            self._variants[header] = Messages({**self.start, "headers": headers}, self.body)
        return self._variants[header]


def messages_of(answer: Answer) -> Messages:
    """The messages of one answer."""
    headers = [
        (n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in answer.headers.items()
    ]
    return Messages(
        {"type": "http.response.start", "status": answer.status, "headers": headers},
        {"type": "http.response.body", "body": answer.body},
    )


class PreparedRelease:
    """The four answers to a poll that `respond.found` gives: whole or 304, plain or packed."""

    __slots__ = (
        "_rank", "_tags", "_texts", "_unchanged", "_whole", "release_id", "until", "version",
    )  # fmt: skip

    def __init__(
        self,
        outcome: Found,
        release: VerifiedRelease,
        release_id: int | None,
        version: int,
        until: float,
    ) -> None:
        self.release_id, self.version, self.until = release_id, version, until
        self._rank = rank_of(release.etag)
        self._texts = (release.etag, release.packed_tag)
        self._tags = tuple(text.encode("latin-1") for text in self._texts)
        self._whole = _in_both_codings(outcome, {})
        self._unchanged = _in_both_codings(outcome, {"if-none-match": "*"})

    def is_surpassed_by(self, if_none_match: bytes | None) -> bool:
        """Whether these tags name a later release."""
        if if_none_match is None or if_none_match in self._tags:
            return False
        if len(if_none_match) > LONGEST_WISH:  # it would fill the memory
            return latest_named(if_none_match.decode("latin-1")) > self._rank
        return _latest_named(if_none_match) > self._rank

    def answer(self, packed: bool, if_none_match: bytes | None) -> Messages:
        """The answer to a poll that has these tags already."""
        if if_none_match is None:
            return self._whole[packed]
        if if_none_match in self._tags or any_tag_matches(
            if_none_match.decode("latin-1"), self._texts
        ):
            return self._unchanged[packed]
        return self._whole[packed]


# Few releases are named at a time, by a whole fleet.
@lru_cache(maxsize=1024)
def _latest_named(if_none_match: bytes) -> Rank:
    return latest_named(if_none_match.decode("latin-1"))


def _in_both_codings(outcome: Found, headers: dict[str, str]) -> tuple[Messages, Messages]:
    plain = messages_of(found(outcome, headers))
    return plain, messages_of(found(outcome, {**headers, "accept-encoding": "gzip"}))


def text_headers(pairs: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """An ASGI scope's headers as `respond` takes them; a name given twice has both values."""
    values: dict[str, list[str]] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        values.setdefault(name, []).append(value)
    return {name: ", ".join(each) for name, each in values.items()}
