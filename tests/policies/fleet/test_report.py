"""A router's status report: what is read of it, and each thing that is wrong with one."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine.errors import DocumentError
from policies.fleet.report import Running, Source, arrival_of, read_report
from tests.policies.fleet.reports import DIGEST, NOON, body, heard

SECOND = datetime.timedelta(seconds=1)


def problems(**members: Any) -> dict[str, str]:
    with pytest.raises(DocumentError) as raised:
        read_report(body(**members))
    return {problem.pointer: problem.message for problem in raised.value.problems}


def test_report__sound__is_read() -> None:
    report = read_report(body())
    assert report.instance_id == "eu-1"
    assert report.active == Running(7, DIGEST)
    assert report.source is Source.NETWORK
    assert report.adopted_at == NOON - SECOND
    assert report.labels == {"region": "eu"}
    assert not report.has_ended and read_report(body(ended=True)).has_ended


def test_report__of_a_router_without_a_release__is_read() -> None:
    report = read_report(body(active=None, source=None, adopted_at=None, last_success_at=None))
    assert (report.active, report.source, report.adopted_at) == (None, None, None)


@pytest.mark.parametrize(
    ("members", "pointer", "message"),
    [
        ({"instance_id": ""}, "/instance_id", "must not be empty"),
        ({"instance_id": "x" * 121}, "/instance_id", "must be at most 120 characters, not 121"),
        ({"instance_id": 7}, "/instance_id", "must be text, not a number"),
        ({"clock": "2026-01-31T09:30:00"}, "/clock", "with its zone"),
        ({"clock": ""}, "/clock", "with its zone"),
        ({"clock": None}, "/clock", "must be text, not null"),
        ({"active": {"number": 7, "digest": "abc"}}, "/active/digest", "64 hexadecimal digits"),
        ({"active": {"number": 0, "digest": DIGEST}}, "/active/number", "at least 1"),
        ({"active": {"number": 2**40, "digest": DIGEST}}, "/active/number", "at most"),
        ({"source": "magic"}, "/source", 'one of "network", "disk", "embedded"'),
        ({"labels": {"a": 1}}, "/labels/a", "must be text, not a number"),
        ({"labels": {str(i): "x" for i in range(21)}}, "/labels", "at most 20 labels, not 21"),
        ({"errors": [{"kind": "network", "message": "x"}]}, "/errors/0/at", "is required"),
        ({"errors": "none"}, "/errors", "must be a list of errors, not text"),
        ({"colour": "red"}, "/colour", "unknown key"),
        ({"ended": "yes"}, "/ended", "must be true or false"),
        ({"client": {"name": "x"}}, "/client/version", "is required"),
    ],
)
def test_report__with_something_wrong__says_where_and_what(
    members: dict[str, Any], pointer: str, message: str
) -> None:
    found = problems(**members)
    assert list(found) == [pointer]
    assert message in found[pointer]


def test_report__with_several_things_wrong__names_all() -> None:
    assert set(problems(instance_id="", clock="noon", pending=3)) == {
        "/instance_id",
        "/clock",
        "/pending",
    }


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"[]", b"null", b"1e999"])
def test_report__that_is_no_object__is_refused(raw: bytes) -> None:
    with pytest.raises(DocumentError):
        read_report(raw)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["instance_id", "labels", "client", "active", "errors", "clock", "x"]),
        json_values,
    )
)
def test_report__with_any_values__is_read_or_refused_in_words(members: dict[str, Any]) -> None:
    raw = json.dumps(json.loads(body()) | members).encode()
    try:
        read_report(raw)
    except DocumentError as error:
        assert all(problem.message for problem in error.problems)


# --- When a release was taken up ---------------------------------------------------------
def test_arrival__by_a_clock_an_hour_ahead__is_put_right() -> None:
    ahead = NOON + datetime.timedelta(hours=1)
    told = heard(1, 1, clock=ahead.isoformat(), adopted_at=(ahead - 3 * SECOND).isoformat())
    arrival = arrival_of(told)
    assert arrival is not None
    assert arrival.at == NOON - 3 * SECOND
    assert told.skew == datetime.timedelta(hours=1)


def test_arrival__said_to_be_in_the_future__is_when_it_was_heard() -> None:
    arrival = arrival_of(heard(1, 1, adopted_at=(NOON + 5 * SECOND).isoformat()))
    assert arrival is not None and arrival.at == NOON


def test_arrival__without_a_time__is_when_it_was_heard() -> None:
    arrival = arrival_of(heard(1, 1, adopted_at=None))
    assert arrival is not None and arrival.at == NOON


def test_arrival__without_a_release__is_none() -> None:
    assert arrival_of(heard(1, 1, active=None)) is None


@given(st.datetimes(), st.datetimes())
def test_arrival__by_any_clock__is_never_later_than_it_was_heard(
    clock: datetime.datetime, adopted: datetime.datetime
) -> None:
    arrival = arrival_of(
        heard(1, 1, clock=f"{clock.isoformat()}Z", adopted_at=f"{adopted.isoformat()}Z")
    )
    assert arrival is not None and arrival.at <= NOON
