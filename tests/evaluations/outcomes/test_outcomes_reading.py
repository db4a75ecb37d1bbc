"""One event, read strictly: what is kept, and what is said of what is wrong."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.outcomes.events import read_event, read_feedback
from tests.evaluations.outcome_cast import NOW, event


def problem_of(raw: object) -> tuple[str, str]:
    """Pointer and message of the one problem of an event."""
    found, problems = read_event(raw, NOW)
    assert found is None
    assert len(problems) == 1, problems
    return problems[0].pointer, problems[0].message


def test_event__the_two_required_members_alone__is_read() -> None:
    found, problems = read_event({"request_id": "r", "time": NOW.isoformat()}, NOW)
    assert problems == []
    assert found is not None
    assert (found.served_model, found.cost_nusd, found.quality_nano) == ("", None, None)


def test_event__amounts__become_whole_numbers_of_small_units() -> None:
    found, _ = read_event(event(quality=0.1, cost_usd=0.000000001, latency_ms=1.5), NOW)
    assert found is not None
    assert (found.quality_nano, found.cost_nusd, found.latency_us) == (100_000_000, 1, 1500)


def test_event__with_attempts__latency_cost_and_answerer_follow_from_them() -> None:
    raw = event(
        attempts=[
            {"model": "a", "failure_kind": "timeout", "latency_ms": 100, "cost_usd": 0.001},
            {"model": "b", "latency_ms": 50.5, "cost_usd": 0.002},
        ]
    )
    del raw["latency_ms"], raw["cost_usd"]
    found, _ = read_event(raw, NOW)
    assert found is not None
    assert (found.served_model, found.latency_us, found.cost_nusd) == ("b", 150_500, 3_000_000)


def test_event__last_attempt_failed__nobody_answered() -> None:
    raw = event(attempts=[{"model": "a", "failure_kind": "timeout"}])
    found, _ = read_event(raw, NOW)
    assert found is not None
    assert found.served_model == ""


@pytest.mark.parametrize(
    ("change", "pointer", "said"),
    [
        ({"request_id": ""}, "/request_id", "must not be empty"),
        ({"request_id": 7}, "/request_id", "must be text, not a number"),
        ({"quality": 1.01}, "/quality", "from 0 to 1"),
        ({"quality": True}, "/quality", "must be a number, not true"),
        ({"quality": float("nan")}, "/quality", "from 0 to 1"),
        ({"quality": 10**400}, "/quality", "from 0 to 1"),
        ({"latency_ms": -1}, "/latency_ms", "from 0"),
        ({"input_tokens": 1.5}, "/input_tokens", "whole number"),
        ({"time": "yesterday"}, "/time", "2026-01-31T09:30:00Z"),
        ({"time": "2026-03-18T14:00:00"}, "/time", "has no zone"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "/time", "years 1 to 9999"),
        ({"release_digest": "abc"}, "/release_digest", "sha256:"),
        ({"attributes": {"a/b": [1]}}, "/attributes/a~1b", "must be null, true"),
        ({"attributes": {"a": 10**400}}, "/attributes/a", "must be null, true"),
        ({"attributes": {"a": float("nan")}}, "/attributes/a", "must be null, true"),
        ({"attributes": {"a": ["\ud800"]}}, "/attributes/a", "must be null, true"),
        ({"attributes": {"a": ["b"] * 101}}, "/attributes/a", "at most 100 such texts"),
        ({"attributes": {"a": "\ud800"}}, "/attributes/a", "must be null, true"),
        ({"attempts": {}}, "/attempts", "must be a list"),
        ({"attempts": [{}]}, "/attempts/0/model", "is required"),
        ({"attempts": [{"model": "a", "kind": 1}]}, "/attempts/0/kind", "unknown key"),
        (
            {"attempts": [{"model": "a", "failure_kind": "rate_limt"}]},
            "/attempts/0/failure_kind",
            'did you mean "rate_limit"?',
        ),
        (
            {"attempts": [{"model": "a"}, {"model": "b"}]},
            "/attempts/0/failure_kind",
            "only the last attempt can have answered",
        ),
        (
            {"served_model": "b", "attempts": [{"model": "a"}]},
            "/served_model",
            'must be "a"',
        ),
        (
            {"served_model": None, "attempts": [{"model": "a"}]},
            "/served_model",
            'must be "a"',
        ),
        (
            {"served_model": "a", "attempts": [{"model": "a", "failure_kind": "timeout"}]},
            "/served_model",
            "must be null",
        ),
        ({"in_sums": "yes"}, "/in_sums", "true or false"),
        ({"model": None, "served_model": "a"}, "/model", "is required"),
        ({"qualty": 1}, "/qualty", 'did you mean "quality"?'),
    ],
)
def test_event__one_thing_wrong__points_at_it(
    change: dict[str, Any], pointer: str, said: str
) -> None:
    found, message = problem_of(event(**change))
    assert found == pointer
    assert said in message


def test_event__set_among_the_attributes__is_kept_as_a_list_of_texts() -> None:
    read, problems = read_event(event(attributes={"groups": ["beta", "eu"], "none": []}), NOW)
    assert problems == []
    assert read is not None
    assert read.attributes == {"groups": ["beta", "eu"], "none": []}


def test_event__several_things_wrong__all_are_told() -> None:
    _, problems = read_event({"time": 1, "quality": 2, "x": 3}, NOW)
    assert {problem.pointer for problem in problems} == {"/time", "/quality", "/x", "/request_id"}


@pytest.mark.parametrize("raw", [None, 3, "x", [], True])
def test_event__not_an_object__says_what_it_is(raw: object) -> None:
    pointer, message = problem_of(raw)
    assert pointer == ""
    assert message.startswith("must be an object, not")


def test_event__an_hour_and_a_bit_ahead__is_refused() -> None:
    late = (NOW + datetime.timedelta(minutes=61)).isoformat()
    assert "check the router's clock" in problem_of(event(time=late))[1]


def test_event__within_an_hour_ahead__is_taken_as_clock_skew() -> None:
    late = (NOW + datetime.timedelta(minutes=59)).isoformat()
    assert read_event(event(time=late), NOW)[1] == []


def test_event__more_than_ninety_days_old__is_refused() -> None:
    old = (NOW - datetime.timedelta(days=90, minutes=1)).isoformat()
    assert "90 days" in problem_of(event(time=old))[1]


def test_feedback__without_quality_and_label__is_refused() -> None:
    found, problems = read_feedback({"request_id": "r"})
    assert found is None
    assert "a quality, a labelled_class, or both" in problems[0].message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.sampled_from([*event(), "attempts", "attributes", "served_model", "tenant"])


@given(st.dictionaries(MEMBERS, JSON) | JSON)
def test_event__whatever_json_it_is__is_read_or_refused_and_never_raises(raw: object) -> None:
    found, problems = read_event(raw, NOW)
    assert (found is None) == bool(problems)
    for problem in problems:
        json.dumps(problem.pointer).encode()
