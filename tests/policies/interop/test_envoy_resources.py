"""Envoy's resources are such as an API server takes, and are carried out as they are meant.

What is asserted stands in the definitions of AIGatewayRoute (`aigateway.envoyproxy.io/v1beta1`,
Envoy AI Gateway 1.1), BackendTrafficPolicy (`gateway.envoyproxy.io/v1alpha1`, Envoy Gateway 1.8)
and HTTPRoute (Gateway API 1.5), which Envoy AI Gateway makes of each AIGatewayRoute.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.engine import Bundle
from policies.engine.fallback import ANSWERABLE
from policies.files.yaml_text import load_yaml
from policies.interop import Exported, Fidelity, export, read
from tests.policies.interop.bundles import TASKS, bundle_of

# metav1.ObjectMeta: a DNS subdomain. GEP-2257: at most five digits a unit.
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
DURATION = re.compile(r"([0-9]{1,5}(h|m|s|ms)){1,4}\Z")
UNITS = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
ORDERED = {"select": "ordered", "candidates": [{"model": "m-0"}]}


def resources(exported: Exported) -> dict[str, list[Any]]:
    """The resources of an export by kind."""
    found: dict[str, list[Any]] = {"AIGatewayRoute": [], "BackendTrafficPolicy": []}
    for part in exported.text.split("---\n"):
        value: Any = load_yaml(part).value
        found[value["kind"]].append(value)
    return found


def rules_of(exported: Exported) -> list[Any]:
    return [
        rule for route in resources(exported)["AIGatewayRoute"] for rule in route["spec"]["rules"]
    ]


def milliseconds(duration: str) -> int:
    assert DURATION.match(duration), duration
    return sum(int(n) * UNITS[unit] for n, unit in re.findall(r"([0-9]+)(ms|h|m|s)", duration))


def catalogue_of(models: int, provider: str = "acme") -> dict[str, Any]:
    return {
        "providers": {provider: {"label": provider}},
        "models": {f"m-{number}": {"provider": provider} for number in range(models)},
    }


def split_of(weights: list[float]) -> dict[str, Any]:
    candidates = [{"model": f"m-{i}", "weight": weight} for i, weight in enumerate(weights)]
    return {"select": "weighted", "candidates": candidates}


# --- What the API server takes ------------------------------------------------------------
def assert_rule_is_taken(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"matches", "backendRefs", "timeouts"}
    for match in rule["matches"]:
        for header in match["headers"]:
            assert header["type"] in ("Exact", "RegularExpression")
            assert 1 <= len(header["value"]) <= 4096
    milliseconds(rule["timeouts"]["request"])
    # 128 in an AIGatewayRoute, but 16 in the HTTPRoute that is made of it.
    assert 1 <= len(rule["backendRefs"]) <= 16
    for backend in rule["backendRefs"]:
        assert set(backend) <= {"name", "modelNameOverride", "weight", "priority"}
        assert NAME.match(backend["name"]), backend["name"]
        assert backend["modelNameOverride"]
        # Weights of an HTTPRoute.
        assert 0 <= backend.get("weight", 1) <= 1_000_000
        assert 0 <= backend.get("priority", 0) < 2**31


def assert_retry_is_taken(retry: dict[str, Any]) -> None:
    assert set(retry) <= {"numAttemptsPerPriority", "numRetries", "retryOn", "perRetry"}
    assert 0 <= retry["numRetries"] < 2**31
    assert 1 <= retry["numAttemptsPerPriority"] < 2**31
    # Where none is named, Envoy Gateway takes triggers of its own.
    triggers = retry["retryOn"]["triggers"]
    assert triggers
    assert set(triggers) <= {"connect-failure", "reset", "retriable-status-codes"}
    assert all(100 <= status <= 599 for status in retry["retryOn"].get("httpStatusCodes", []))
    if "perRetry" in retry:
        back_off = retry["perRetry"]["backOff"]
        # Envoy Gateway's translator: neither is 0, and the longest is not the shorter one.
        base, longest = (milliseconds(back_off[key]) for key in ("baseInterval", "maxInterval"))
        assert 0 < base <= longest


keys = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,63}", fullmatch=True)


@st.composite
def wide_bundles(draw: st.DrawFn) -> Bundle:
    """Bundles at the bounds of what a policy may say."""
    models = st.sampled_from([f"m-{number}" for number in range(20)])
    weights = st.lists(st.floats(0, 2e6) | st.integers(0, 3), max_size=19)
    found = [split_of([1, *draw(weights)]) for _ in range(draw(st.integers(1, 3)))]
    ids = draw(st.lists(keys.filter("default".__ne__), max_size=32, unique=True))
    rules = [
        {"id": key, "when": {"task": {"in": [TASKS[0]]}}, "route": found[at % len(found)]}
        for at, key in enumerate(ids)
    ]
    base = draw(st.floats(0, 1e12))
    rows = [
        {
            "model": model,
            "on": draw(st.lists(st.sampled_from(ANSWERABLE), min_size=1, unique=True)),
            "retries": {"count": draw(st.integers(0, 20)), "base_ms": base, "max_ms": 2 * base},
            "then": draw(st.lists(models.filter(model.__ne__), unique=True)),
        }
        for model in draw(st.lists(models, max_size=3, unique=True))
    ]
    limits = {
        "max_attempts": draw(st.integers(1, 100)),
        "deadline_ms": draw(st.floats(0.001, 1e15)),
    }
    return bundle_of(rules, found[0], rows, catalogue_of(20, draw(keys)), limits)


@settings(max_examples=30)
@given(bundle=wide_bundles())
def test_resources__of_any_bundle__are_taken(bundle: Bundle) -> None:
    found = resources(export(bundle, "envoy"))
    names = [route["metadata"]["name"] for route in found["AIGatewayRoute"]]
    assert len(set(names)) == len(names) and all(map(NAME.match, names))
    for route in found["AIGatewayRoute"]:
        # The controller adds one of its own to the 16 of an HTTPRoute.
        assert len(route["spec"]["rules"]) <= 15
        for rule in route["spec"]["rules"]:
            assert_rule_is_taken(rule)
    for policy in found["BackendTrafficPolicy"]:
        assert set(policy["spec"]) == {"targetRefs", "retry"}
        assert_retry_is_taken(policy["spec"]["retry"])
        [target] = policy["spec"]["targetRefs"]
        assert target["name"] in names


@pytest.mark.parametrize(
    ("deadline_ms", "written"),
    [
        (0.2, "1ms"),
        (30_000, "30s"),
        (99_999, "1m39s999ms"),
        (120_000, "2m"),
        (3_600_000, "1h"),
        (1e15, "99999h"),
    ],
)
def test_deadline__of_any_length__is_written_in_at_most_five_digits_a_unit(
    deadline_ms: float, written: str
) -> None:
    bundle = bundle_of([], ORDERED, [], limits={"deadline_ms": deadline_ms})
    [rule] = rules_of(export(bundle, "envoy"))
    # A rule without one is given 60 s, and what a rule has comes before a BackendTrafficPolicy's.
    assert rule["timeouts"] == {"request": written}


def test_split__of_more_models_than_a_rule_holds__keeps_the_largest_shares() -> None:
    weights = [1.0, *[float(number) for number in range(20, 0, -1)]]
    exported = export(bundle_of([], split_of(weights), [], catalogue_of(21)), "envoy")
    [rule] = rules_of(exported)
    assert [backend["weight"] for backend in rule["backendRefs"]] == list(range(20, 4, -1))
    assert any(
        loss.fidelity is Fidelity.DROPPED and "the smallest shares" in loss.sentence
        for loss in exported.losses
    )


def test_chain__of_more_models_than_a_rule_holds__ends_before_and_says_where() -> None:
    targets = [f"m-{number}" for number in range(1, 20)]
    rows = [{"model": "m-0", "on": ["timeout"], "then": targets}]
    exported = export(bundle_of([], ORDERED, rows, catalogue_of(20)), "envoy")
    [rule] = rules_of(exported)
    assert [found["modelNameOverride"] for found in rule["backendRefs"]][-2:] == ["m-14", "m-15"]
    assert any(
        loss.fidelity is Fidelity.DROPPED and "m-16, m-17, m-18, m-19" in loss.sentence
        for loss in exported.losses
    )


# --- What is carried out ------------------------------------------------------------------
def precedence(rule: dict[str, Any]) -> tuple[int, int]:
    """By which Envoy Gateway orders rules of one path: headers tested, those of them exactly."""
    headers = rule["matches"][0]["headers"] if "matches" in rule else []
    return len(headers), sum(header["type"] == "Exact" for header in headers)


# The controller ends each route with it, so that of two routes the first one's would go before any
# rule of the second that tests no header.
ROUTE_NOT_FOUND: dict[str, Any] = {}


@pytest.mark.parametrize("count", [0, 3, 15, 40])
def test_default__takes_what_no_rule_does_however_many_routes_there_are(count: int) -> None:
    rules = [
        {"id": f"r-{number}", "when": {"task": {"in": [TASKS[0]]}}, "route": ORDERED}
        for number in range(count)
    ]
    *named, default = rules_of(export(bundle_of(rules, ORDERED, []), "envoy"))
    assert len(named) == count
    assert precedence(default) > precedence(ROUTE_NOT_FOUND)
    assert all(precedence(rule) > precedence(default) for rule in named)
    [header] = default["matches"][0]["headers"]
    assert (header["name"], header["value"]) == ("x-ai-eg-model", ".*")


def test_default__read_again__is_the_default() -> None:
    rules = [{"id": "r", "when": {"task": {"in": [TASKS[0]]}}, "route": split_of([1, 0, 0])}]
    default = {"select": "ordered", "candidates": [{"model": "m-1"}]}
    imported = read(export(bundle_of(rules, default, []), "envoy").text, "envoy")
    found = imported.documents["router_policy"]
    assert [entry["model"] for entry in found["default"]["candidates"]] == ["m-1"]
    assert [rule["id"] for rule in found["rules"]] == ["r"]
    assert not any("Patterns" in loss.sentence for loss in imported.losses)


def test_failures__that_envoy_cannot_tell__retry_nothing() -> None:
    # A policy without triggers would retry what Envoy Gateway retries by itself.
    rows: list[dict[str, Any]] = [
        {"model": "m-0", "on": ["content_policy", "low_quality"], "then": ["m-1"]},
        {"model": "m-1", "on": ["stream_interrupted"], "retries": {"count": 1}},
    ]
    exported = export(bundle_of([], ORDERED, rows), "envoy")
    assert resources(exported)["BackendTrafficPolicy"] == []
