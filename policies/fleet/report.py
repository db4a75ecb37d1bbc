"""Reads a status report as a router sends it, with every problem and its place. Pure.

The body is described in docs/delivery.md.
"""

from __future__ import annotations

import datetime
import json
import re
from dataclasses import dataclass
from enum import StrEnum

from policies.engine.errors import DocumentError, Problem
from policies.engine.reading import Place, parsed

MOST_LABELS = 20
MOST_ERRORS = 20
LONGEST_NAME = 120
LONGEST_MESSAGE = 2000
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
# The largest number that every database keeps in an ordinary integer column.
LARGEST_INTEGER = 2**31 - 1


class Source(StrEnum):
    """Where the release that a router decides with came from."""

    NETWORK = "network"
    DISK = "disk"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Running:
    """A release as a router names it."""

    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class ReportedError:
    """What went wrong at a router: the last time, and how often since it started."""

    kind: str
    message: str
    at: datetime.datetime
    count: int


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What one running router says of itself. Times are by its own clock, in UTC.

    `has_ended`: it is the last report, since the router stops.
    """

    instance_id: str
    labels: dict[str, str]
    client_name: str
    client_version: str
    active: Running | None
    pending: Running | None
    source: Source | None
    adopted_at: datetime.datetime | None
    last_success_at: datetime.datetime | None
    errors: tuple[ReportedError, ...]
    clock: datetime.datetime
    started_at: datetime.datetime
    has_ended: bool


@dataclass(frozen=True, slots=True)
class Shared:
    """Two processes report under one instance_id, noticed first at `since`. A later report than
    `until` lifts that."""

    since: datetime.datetime
    until: datetime.datetime


@dataclass(frozen=True, slots=True)
class Heard:
    """A report, whose it is, when it came by the console's clock, and when the next is due.

    `shared` is what the plane that took it noticed by then of others under its instance_id;
    `has_run` whether that plane had heard the same process run.
    """

    environment_id: int
    token_id: int
    report: StatusReport
    at: datetime.datetime
    interval_s: int
    shared: Shared | None = None
    has_run: bool = False

    @property
    def skew(self) -> datetime.timedelta:
        """How far the router's clock is ahead of the console's, give or take the way here."""
        return self.report.clock - self.at


@dataclass(frozen=True, slots=True)
class Arrival:
    """A router took up a release, by the console's clock."""

    environment_id: int
    instance_id: str
    release: Running
    at: datetime.datetime
    heard_at: datetime.datetime


def arrival_of(heard: Heard) -> Arrival | None:
    """When the release that the router decides with was taken up: as it says, its clock put
    right, and never later than it was heard."""
    report = heard.report
    if report.active is None:
        return None
    at = heard.at
    if report.adopted_at is not None:
        at = min(heard.at, corrected(report.adopted_at, heard.skew, otherwise=heard.at))
    return Arrival(heard.environment_id, report.instance_id, report.active, at, heard.at)


def corrected(
    moment: datetime.datetime, skew: datetime.timedelta, *, otherwise: datetime.datetime
) -> datetime.datetime:
    """A moment of a router's clock by the console's."""
    try:
        return moment - skew
    except OverflowError:  # a clock that is thousands of years off
        return otherwise


def read_report(body: bytes) -> StatusReport:
    """The report in a body. Raises DocumentError with all that is wrong with it."""
    try:
        raw = json.loads(body)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise DocumentError([Problem("", f"is not JSON: {error.msg} at {place}")]) from None
    except (ValueError, RecursionError):
        what = "must be UTF-8 JSON, with numbers and nesting of a reasonable size"
        raise DocumentError([Problem("", what)]) from None
    return parsed(raw, _report)


def _report(place: Place) -> StatusReport:
    members = place.fields(
        "instance_id",
        "labels",
        "client",
        "active",
        "pending",
        "source",
        "adopted_at",
        "last_success_at",
        "errors",
        "clock",
        "started_at",
        "ended",
    )
    client_name, client_version = _client(members.required("client"))
    return StatusReport(
        instance_id=_line(members.required("instance_id")),
        labels=_labels(members.optional("labels", {})),
        client_name=client_name,
        client_version=client_version,
        active=members.optional("active", None).nullable(_running),
        pending=members.optional("pending", None).nullable(_running),
        source=members.optional("source", None).nullable(_source),
        adopted_at=members.optional("adopted_at", None).nullable(_moment),
        last_success_at=members.optional("last_success_at", None).nullable(_moment),
        errors=_errors(members.optional("errors", [])),
        clock=_moment(members.required("clock")),
        started_at=_moment(members.required("started_at")),
        has_ended=members.optional("ended", False).flag(),
    )


def _line(place: Place) -> str:
    """One line of at most LONGEST_NAME characters, not empty."""
    text = place.label()
    if len(text) > LONGEST_NAME:
        place.report(f"must be at most {LONGEST_NAME} characters, not {len(text)}")
    return text


def _labels(place: Place) -> dict[str, str]:
    members = place.members()
    if len(members) > MOST_LABELS:
        place.report(f"must hold at most {MOST_LABELS} labels, not {len(members)}")
        return {}
    found = {}
    for name, value in members:
        _line(Place(name, value.pointer, value.log))
        found[name] = _line(value)
    return found


def _client(place: Place) -> tuple[str, str]:
    members = place.fields("name", "version")
    return _line(members.required("name")), _line(members.required("version"))


def _running(place: Place) -> Running:
    members = place.fields("number", "digest")
    number = members.required("number").integer(at_least=1, at_most=LARGEST_INTEGER)
    digest = members.required("digest")
    text = digest.text(max_length=71)
    if text and not _DIGEST.match(text):
        digest.report('must be the digest of a bundle, "sha256:" and 64 hexadecimal digits')
    return Running(number, text)


def _source(place: Place) -> Source | None:
    word = place.choice([source.value for source in Source], what="where the release came from")
    return Source(word) if word else None


def _errors(place: Place) -> tuple[ReportedError, ...]:
    items = place.items(of="errors")
    if len(items) > MOST_ERRORS:
        place.report(f"must hold at most {MOST_ERRORS} errors, not {len(items)}")
        return ()
    return tuple(_error(item) for item in items)


def _error(place: Place) -> ReportedError:
    members = place.fields("kind", "message", "at", "count")
    return ReportedError(
        kind=members.required("kind").key(),
        message=members.required("message").text(max_length=LONGEST_MESSAGE),
        at=_moment(members.required("at")),
        count=members.optional("count", 1).integer(at_least=1, at_most=LARGEST_INTEGER),
    )


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _moment(place: Place) -> datetime.datetime:
    """An RFC 3339 time in UTC."""
    text = place.text(max_length=64)
    if not text:
        if place.value == "":
            place.report("must be a time with its zone, such as 2026-01-31T09:30:00Z")
        return _EPOCH
    try:
        read = datetime.datetime.fromisoformat(text)
        if read.tzinfo is not None:
            return read.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        pass
    place.report("must be a time with its zone, such as 2026-01-31T09:30:00Z")
    return _EPOCH
