"""Parsing and serialising are inverse; a digest is of meaning, not of layout."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policies.engine import (
    COMPONENTS,
    Bundle,
    canonical_bytes,
    compose,
    digest,
    load_json,
    parse_bundle,
    parse_catalogue,
    parse_component,
    serialise,
)
from tests.engine.strategies import bundle_documents, bundles, json_values

plain_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(bundles())
def test_bundle__serialised_and_parsed__is_the_same(bundle: Bundle) -> None:
    text = json.dumps(serialise(bundle))
    assert parse_bundle(load_json(text)) == bundle
    assert parse_bundle(load_json(canonical_bytes(serialise(bundle)))) == bundle


@given(bundles())
def test_component__serialised_and_parsed__is_the_same(bundle: Bundle) -> None:
    for kind in COMPONENTS:
        document = getattr(bundle, kind)
        assert parse_component(kind, serialise(document)) == document
    assert parse_catalogue(serialise(bundle.catalogue)) == bundle.catalogue


@given(bundle_documents(), st.randoms(use_true_random=False))
def test_digest__other_key_order_and_space__is_the_same(raw: Any, random: Any) -> None:
    shuffled = load_json(json.dumps(shuffle(raw, random), indent=random.randrange(5)))
    assert parse_bundle(shuffled).digest == parse_bundle(raw).digest


def shuffle(value: Any, random: Any) -> Any:
    if isinstance(value, dict):
        members = list(value.items())
        random.shuffle(members)
        return {key: shuffle(member, random) for key, member in members}
    return [shuffle(item, random) for item in value] if isinstance(value, list) else value


@given(plain_json)
def test_canonical_form__read_back__is_the_same_value(value: Any) -> None:
    text = canonical_bytes(value)
    # Read as doubles: between 2^53 and 1e21 the canonical digits are the shortest, not the exact.
    again = json.loads(text, parse_int=float)
    assert again == value
    assert canonical_bytes(again) == text
    assert digest(again) == digest(value)


@given(json_values)
def test_load_json__anything_python_writes__is_read_or_refused(value: Any) -> None:
    text = json.dumps(value)
    try:
        assert load_json(text) == json.loads(text)
    except ValueError as refused:
        assert getattr(refused, "problems", None)


@given(bundle_documents())
def test_compose__unused_catalogue_entries__are_left_out(raw: Any) -> None:
    composed = compose({kind: raw[kind] for kind in COMPONENTS}, raw["catalogue"])
    bundle = parse_bundle(composed)
    assert set(bundle.catalogue.models) == bundle.model_names()
    assert {model.provider for model in bundle.catalogue.models.values()} == set(
        bundle.catalogue.providers
    )
    assert composed == serialise(bundle)


def test_omitted_defaults__written_out__do_not_change_the_digest() -> None:
    short = {"schema": 1, "rows": [{"model": "m", "on": ["timeout"]}]}
    written = serialise(parse_component("fallback_matrix", short))
    again = serialise(parse_component("fallback_matrix", written))
    assert digest(written) == digest(again)
    assert written["limits"] == {
        "max_attempts": 4,
        "deadline_ms": 30_000,
        "cost_cap_usd": None,
        "retry_budget": {"ratio": 0.1, "min_per_second": 1},
        "breaker": {"failure_ratio": 0.5, "min_requests": 20, "window_s": 30, "cooldown_s": 15},
        "preserve": {"regions": True, "capabilities": True, "context": True},
    }


def test_missing_salt__rule_renamed_after_writing_out__stays() -> None:
    route = {"select": "weighted", "candidates": [{"model": "m"}]}
    raw = {"schema": 1, "rules": [{"id": "old", "when": {}, "route": route}], "default": route}
    written: Any = serialise(parse_component("router_policy", raw))
    assert [written["rules"][0]["route"]["salt"], written["default"]["salt"]] == ["old", "default"]
    written["rules"][0]["id"] = "new"
    renamed: Any = serialise(parse_component("router_policy", written))
    assert renamed["rules"][0]["route"]["salt"] == "old"
