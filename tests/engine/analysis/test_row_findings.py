"""Findings about rows of the matrix: failures that none answers, and retries that cannot help."""

import pytest

from policies.engine import FAILURE_KINDS
from policies.engine.analysis import Finding
from policies.engine.fallback import ANSWERABLE
from tests.engine.analysis.documents import Raw, analysis, named, route, row

OUTAGES = ["rate_limit", "quota_exhausted", "timeout", "server_error", "overloaded", "network"]
OTHERS = [kind for kind in FAILURE_KINDS if kind not in (*OUTAGES, "bad_request")]


def missing(*rows: Raw, default: Raw | None = None) -> dict[str, Finding]:
    found = named(analysis(rows=rows, default=default))
    return {name: entry for name, entry in found.items() if name.startswith("fallback_missing")}


def test_missing__candidate_without_any_row__is_a_warning_that_names_every_failure() -> None:
    found = missing(row("m2", "m1", on=list(ANSWERABLE)), default=route("m1"))
    assert list(found) == ["fallback_missing:m1"]
    warning = found["fallback_missing:m1"]
    assert warning.severity == "warning"
    assert warning.sentence == "No row answers when m1 fails in any way: the request fails with it."
    assert warning.witness == {"attributes": {}}


def test_missing__split__warns_of_the_candidate_that_has_no_row() -> None:
    split = route("m1", "m2", select="weighted")
    found = missing(row("m1", "m3", on=list(ANSWERABLE)), default=split)
    assert [(name, entry.severity) for name, entry in found.items()] == [
        ("fallback_missing:m2", "warning")
    ]


@pytest.mark.parametrize("kind", OUTAGES)
def test_missing__one_outage_is_not_answered__is_a_warning_that_names_it(kind: str) -> None:
    kinds = [other for other in ANSWERABLE if other != kind]
    found = missing(row("*", "m1", "m2", on=kinds))["fallback_missing:m1"]
    assert found.severity == "warning"
    assert f"when m1 fails with {kind}:" in found.sentence


def test_missing__only_other_failures_are_not_answered__is_a_note() -> None:
    found = missing(row("*", "m2", on=OUTAGES))["fallback_missing:m1"]
    assert found.severity == "info"
    for kind in OTHERS:
        assert kind in found.sentence
    assert "timeout" not in found.sentence


def test_missing__every_failure_has_a_row__nothing_is_said() -> None:
    stops = {"model": "*", "on": OTHERS}
    assert missing(row("*", "m1", "m2", on=OUTAGES), stops) == {}


def test_missing__row_for_one_class_only__names_the_classes_without() -> None:
    rules = {"c": ({"vip": True}, "hard")}
    rows = (row("m1", "m2", on=list(ANSWERABLE), **{"class": "hard"}),)
    found = named(analysis(class_rules=rules, rows=rows))["fallback_missing:m1"]
    assert "on requests of class easy" in found.sentence


def test_missing__candidate_that_is_never_reached__nothing_is_said() -> None:
    rules = {"all": ({}, route("m2")), "never": ({"vip": True}, route("m3"))}
    found = named(analysis(rules=rules, rows=(row("*", "m1", "m2", on=list(ANSWERABLE)),)))
    assert not [name for name in found if name.startswith("fallback_missing")]


REPEATED = ["auth", "not_found", "quota_exhausted", "content_policy", "context_window"]


def test_retries__of_failures_that_can_only_repeat__are_a_warning() -> None:
    retried = row("m1", "m2", on=REPEATED, retries={"count": 5})
    name = f"retry_repeats_failure:m1:{':'.join(REPEATED)}"
    found = named(analysis(rows=(retried,)))[name]
    assert found.severity == "warning"
    assert found.pointer == "/fallback_matrix/rows/0/retries/count"
    assert found.sentence.startswith(
        "Retries after auth, not_found, quota_exhausted, content_policy and context_window fail "
    )


def test_retries__of_failures_that_pass__are_none_and_only_the_others_are_named() -> None:
    def said(*kinds: str, count: int) -> list[str]:
        retried = row("m1", "m2", on=list(kinds), retries={"count": count})
        found = named(analysis(rows=(retried,)))
        return [name for name in found if name.startswith("retry_repeats")]

    assert said("timeout", "rate_limit", "invalid_output", count=2) == []
    assert said("auth", count=0) == []
    assert said("timeout", "auth", count=2) == ["retry_repeats_failure:m1:auth"]
