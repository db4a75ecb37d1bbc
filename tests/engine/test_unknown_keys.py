"""Keys that nobody knows are told, whoever sends however many of them, at little cost."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import pytest

from policies.client.messages import read_attempts
from policies.engine import (
    DocumentError,
    Problem,
    Request,
    check_request,
    parse_bundle,
    parse_component,
)
from policies.engine.outcomes.events import read_told
from policies.fleet.report import read_report
from tests.engine.test_vectors import vectors
from tests.policies.fleet.reports import body

MANY: dict[str, Any] = {f"k{n}": 0 for n in range(1000)}


@pytest.fixture
def guesses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words that something near was sought for."""
    sought: list[str] = []

    def matches(word: str, *_: object, **__: object) -> list[str]:
        sought.append(word)
        return []

    monkeypatch.setattr(difflib, "get_close_matches", matches)
    return sought


def problems(read: Callable[[Any], object], raw: object) -> list[Problem]:
    with pytest.raises(DocumentError) as raised:
        read(raw)
    return list(raised.value.problems)


def told_of_event(raw: object) -> list[Problem]:
    return read_told(raw)[1]


@pytest.mark.parametrize(
    "found",
    [
        lambda: problems(read_report, body(**MANY)),
        lambda: told_of_event({"request_id": "a", "time": "2026-01-31T09:30:00Z", **MANY}),
    ],
    ids=["status", "outcome"],
)
def test_object__of_very_many_unknown_keys__has_a_few_told_and_how_many_more(
    found: Callable[[], list[Problem]], guesses: list[str]
) -> None:
    unknown = [problem for problem in found() if "unknown key" in problem.message]
    assert [each.pointer for each in unknown] == ["/k0", "/k1", "/k2", "/k3", "/k4", ""]
    assert unknown[-1].message == "has 995 more unknown keys"
    assert guesses == ["k0", "k1", "k2", "k3", "k4"]


def test_attempts__each_of_many_unknown_keys__are_told_with_few_guesses(
    guesses: list[str],
) -> None:
    attempt = {"failure_kind": "timeout", **dict.fromkeys(list(MANY)[:95], 0)}
    found = problems(read_attempts, [attempt] * 100)
    of_one = ["k0", "k1", "k2", "k3", "k4", "", "model"]
    assert [each.pointer.partition("/attempts/")[2] for each in found] == [
        f"{n}/{key}".rstrip("/") for n in range(100) for key in of_one
    ]
    assert len(guesses) <= 50


def test_document__of_many_wrong_objects__is_told_all_with_few_guesses(guesses: list[str]) -> None:
    classes = [{"key": f"c{n}", "risk": "lwo", "rsk": 0} for n in range(200)]
    raw = {"schema": 1, "classes": classes, "default_class": "c0"}
    found = problems(lambda sent: parse_component("request_classification", sent), raw)
    assert len(found) == 400
    assert 0 < len(guesses) <= 50


def test_request__of_many_unknown_attributes__has_all_told_with_few_guesses(
    guesses: list[str],
) -> None:
    found = check_request(parse_bundle(vectors("bundle.json")), Request({**MANY}))
    assert len(found) == 1000
    assert 0 < len(guesses) <= 50
