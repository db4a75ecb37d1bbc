"""One recorded request through a bundle: failures drive fallbacks, unknowns stay unknown."""

from __future__ import annotations

from typing import Any

import pytest

from evaluations.replay import failures
from evaluations.replay.failures import failure_kind
from evaluations.replay.recorded import RecordedCall, RecordedRequest
from evaluations.replay.walk import Conditions, replay, yardstick
from policies.engine import FAILURE_KINDS, Request, parse_bundle
from tests.evaluations.bundles import always, classification, rule_bundle

NANO = 10**9


def call(
    quality: float | None = 1.0, cost: int | None = 1000, latency: int | None = 100_000,
    error: str | None = None,
) -> RecordedCall:  # fmt: skip
    return RecordedCall(None if quality is None else int(quality * NANO), cost, latency, error)


def recorded(calls: dict[str, Any], **attributes: Any) -> RecordedRequest:
    listed = {m: (c,) if isinstance(c, RecordedCall) else tuple(c) for m, c in calls.items()}
    return RecordedRequest("r1", "r1", Request(attributes=attributes, request_id="r1"), listed)


def on_failure(model: str, *then: str, retries: int = 0) -> dict[str, Any]:
    return {
        "model": model, "class": None, "on": ["rate_limit", "timeout"], "then": list(then),
        "retries": {"count": retries, "base_ms": 100, "factor": 2, "max_ms": 1000,
                    "jitter": "none", "honour_retry_after": True},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("usageLimits", "quota_exhausted"),
        ("Error code: 429 - insufficient_quota", "quota_exhausted"),
        ("429 Too Many Requests", "rate_limit"),
        ("Request timed out.", "timeout"),
        ("This model's maximum context length is 8192 tokens", "context_window"),
        ("Error code: 400 - {'type': 'invalid_request_error'}", "bad_request"),
        ("overloaded_error", "overloaded"),
        ("Connection reset by peer", "network"),
        ("something nobody has seen", "server_error"),
        *[(kind, kind) for kind in FAILURE_KINDS],
    ],
)
def test_failure_kind__recorded_text__is_understood(text: str, kind: str) -> None:
    assert failure_kind(text) == kind


def test_failure_kinds__each__can_be_recognised_in_recorded_text() -> None:
    never_written = {failures.UNKNOWN, "low_quality"}  # told by the grade, not by the text
    assert {kind for kind, _ in failures.WORDS} == set(FAILURE_KINDS) - never_written


def test_replay__a_recorded_failure__falls_back_and_adds_up() -> None:
    bundle = always("a", fallback=[on_failure("a", "b")], models=["b"])
    request = recorded({"a": call(0.0, 300, 50_000, "timeout"), "b": call(0.75, 700, 90_000)})
    outcome = replay(bundle, request, Conditions())
    assert outcome.path == (("a", "timeout"), ("b", None))
    assert (outcome.quality, outcome.cost, outcome.latency) == (750_000_000, 1000, 140_000)
    assert (outcome.model, outcome.served, outcome.depth) == ("a", "b", 1)
    assert outcome.error is None


def test_replay__a_retry__takes_the_next_recorded_attempt_and_waits() -> None:
    bundle = always("a", fallback=[on_failure("a", retries=2)])
    request = recorded({"a": [call(error="rate_limit", latency=10_000), call(0.5, 5, 20_000)]})
    outcome = replay(bundle, request, Conditions())
    assert outcome.path == (("a", "rate_limit"), ("a", None))
    assert outcome.latency == 10_000 + 100_000 + 20_000
    assert outcome.depth == 0


def test_replay__more_retries_than_recorded__meet_the_last_one_again() -> None:
    bundle = always("a", fallback=[on_failure("a", retries=2)])
    outcome = replay(bundle, recorded({"a": call(error="rate_limit")}), Conditions())
    assert [kind for _, kind in outcome.path] == ["rate_limit"] * 3
    assert outcome.error == "rate_limit"


def test_replay__everything_fails_without_a_quality__counts_as_no_quality() -> None:
    outcome = replay(always("a"), recorded({"a": call(None, error="timeout")}), Conditions())
    assert (outcome.quality, outcome.error) == (0, "timeout")


def test_replay__an_error_that_was_graded__is_worth_nothing() -> None:
    conditions = Conditions(yardstick=("a", "b"))
    request = recorded({"a": call(1.0, error="bad"), "b": call(1.0, cost=2000)})
    outcome = replay(always("a"), request, conditions)
    assert (outcome.quality, outcome.adequate, outcome.under_routed) == (0, False, True)


def test_replay__a_good_answer_after_the_time_limit__is_worth_nothing() -> None:
    conditions = Conditions(timeouts={"*": 50_000}, yardstick=("a",))
    outcome = replay(always("a"), recorded({"a": call(1.0)}), conditions)
    assert (outcome.error, outcome.quality, outcome.adequate) == ("timeout", 0, False)


def test_routing__a_cheaper_model_that_fails__is_no_adequate_one() -> None:
    request = recorded({"cheap": call(1.0, 10, error="429"), "dear": call(1.0, 100)})
    outcome = replay(always("dear"), request, Conditions(yardstick=("cheap", "dear")))
    assert outcome.over_routed is False


def test_yardstick__another_fallback_target__stays_as_it_is() -> None:
    plain = always("a", models=["cheap"])
    backed = always("a", fallback=[on_failure("a", "cheap")], models=["cheap"])
    assert yardstick(plain, backed, ["a", "cheap", "x"]) == yardstick(plain, plain, ["a", "x"])


def test_replay__a_call_over_the_time_limit__times_out_at_the_limit() -> None:
    bundle = always("a", fallback=[on_failure("a", "b")], models=["b"])
    request = recorded({"a": call(latency=900_000), "b": call(latency=200_000)})
    outcome = replay(bundle, request, Conditions(timeouts={"a": 500_000}))
    assert outcome.path[0] == ("a", "timeout")
    assert outcome.latency == 700_000


def test_replay__a_limit_for_all__holds_where_no_other_is_given() -> None:
    conditions = Conditions(timeouts={"*": 100, "b": 10**9})
    assert (conditions.timeout("a"), conditions.timeout("b")) == (100, 10**9)


def test_replay__a_kept_answer_without_cost__leaves_the_cost_unknown() -> None:
    outcome = replay(always("a"), recorded({"a": call(cost=None)}), Conditions())
    assert outcome.cost is None


def test_replay__an_abandoned_call_without_cost__counts_as_free() -> None:
    bundle = always("a", fallback=[on_failure("a", "b")], models=["b"])
    request = recorded({"a": call(cost=None, error="timeout"), "b": call(cost=7)})
    assert replay(bundle, request, Conditions()).cost == 7


def test_replay__a_model_never_recorded__is_unsupported_and_has_no_values() -> None:
    bundle = always("a", fallback=[on_failure("a", "b")], models=["b"])
    outcome = replay(bundle, recorded({"a": call(error="timeout")}), Conditions())
    assert outcome.unsupported == "b"
    assert set(outcome.values) == {None}


def test_replay__a_refusal__is_an_error_without_a_call() -> None:
    route = {"select": "ordered", "candidates": [{"model": "a"}], "on_no_candidate": "refuse",
             "constraints": {"regions": ["moon"]}}  # fmt: skip
    raw = always("a").to_json()
    raw["router_policy"] = {"schema": 1, "rules": [], "default": route}
    outcome = replay(parse_bundle(raw), recorded({"a": call()}), Conditions())
    assert (outcome.error, outcome.model, outcome.quality) == ("refused", None, 0)
    assert outcome.latency is None


@pytest.mark.parametrize(
    ("chosen", "qualities", "expected"),
    [
        ("dear", (1.0, 1.0), (True, False, True)),
        ("dear", (0.0, 1.0), (True, False, False)),
        ("cheap", (0.0, 1.0), (False, True, False)),
        ("cheap", (0.0, 0.0), (False, False, False)),
        ("dear", (1.0, 0.0), (False, False, True)),
    ],
)
def test_routing__of_two_models__knows_too_weak_from_too_dear(
    chosen: str, qualities: tuple[float, float], expected: tuple[bool, bool, bool]
) -> None:
    request = recorded({"cheap": call(qualities[0], 10), "dear": call(qualities[1], 100)})
    outcome = replay(always(chosen), request, Conditions(yardstick=("cheap", "dear")))
    assert (outcome.adequate, outcome.under_routed, outcome.over_routed) == expected


def test_replay__the_class__comes_from_the_bundle() -> None:
    classes = [{"key": key, "label": key, "risk": "low", "description": ""} for key in "ab"]
    document = classification(
        [{"name": "task", "type": "category"}],
        classes=classes,
        rules=[{"id": "c1", "when": {"task": {"in": ["code"]}}, "class": "b"}],
        default_class="a",
    )
    bundle = rule_bundle("m", [({"class": {"in": ["b"]}}, "n")], classes=document)
    outcome = replay(bundle, recorded({"m": call(), "n": call()}, task="code"), Conditions())
    assert (outcome.class_key, outcome.model) == ("b", "n")
