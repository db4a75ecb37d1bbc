"""Documents go out as YAML and come back with the same meaning."""

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies.engine import COMPONENTS, canonical_bytes, digest, parse_component, serialise
from policies.files.yaml_text import dump_component, dump_yaml, load_component, load_yaml
from policies.files.yaml_text.defaults import without_defaults
from tests.engine.strategies import bundle_documents
from tests.policies.steps import documents

unicode = st.text(st.characters(codec="utf-8"), max_size=30)
AWKWARD = (
    *("", " ", "~", "no", "on", "Null", "1e5", "007", "-", "- a", "a: b", "a #b", "#", "1:30"),
    *("2020-01-01", "0x1f", "=", "<<", "'", '"', "a\n", "a\nb", "\na", "a\n\n", " a\nb", "a \nb"),
    *("\t", "\ufeff", "\x85", "\u2028", "\x7f", "\x00", "🧭", "[a]", "{a}", "a,b", "*a", "&a"),
    *("!a", "%a", "@a", "`a", "|", ">", "? a", "---", "...", "a:", ":a", "\\", ".5", ".inf", "+1"),
    "x" * 1500,
)
awkward = st.sampled_from(AWKWARD)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers.filter(lambda n: abs(n) <= 2**53) | unicode | awkward,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(unicode | awkward, inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
@example([[], {}, [[]], [{}], {"": {"a": [{"b": []}]}}])
@settings(max_examples=400)
def test_value__written_and_read__is_the_same(value: Any) -> None:
    assert canonical_bytes(load_yaml(dump_yaml(value)).value) == canonical_bytes(value)


@given(awkward | unicode)
@settings(max_examples=300)
def test_text__written__means_the_same_to_a_reader_of_yaml_1_1(text: str) -> None:
    assert yaml.safe_load(dump_yaml([text, {"key": text}])) == [text, {"key": text}]


@pytest.mark.parametrize("text", ["y", "N", "0o14", "0X1F", "-0B1", "1_0e3", "0_x1f", "2026-1-31"])
def test_text__that_some_reader_takes_for_something_else__is_quoted(text: str) -> None:
    # YAML 1.1, YAML 1.2, and the reader of Kubernetes, each of its own.
    assert dump_yaml({text: [text]}) == f'"{text}": ["{text}"]\n'
    assert load_yaml(dump_yaml([text])).value == [text]


@given(numbers)
def test_number__written__means_the_same_to_a_reader_of_yaml_1_1(number: float) -> None:
    assert yaml.safe_load(dump_yaml({"key": number})) == {"key": number}


@given(bundle_documents())
@settings(max_examples=150)
def test_component__written_and_read__has_the_same_digest(bundle: dict[str, Any]) -> None:
    for kind in COMPONENTS:
        whole = serialise(parse_component(kind, bundle[kind]))
        read = load_component(kind, dump_component(kind, bundle[kind]))
        assert read.document == whole
        assert digest(read.document) == digest(whole)
        assert dump_component(kind, read.document) == dump_component(kind, bundle[kind])


@given(bundle_documents())
@settings(max_examples=150)
def test_defaults__left_out__change_nothing(bundle: dict[str, Any]) -> None:
    for kind in COMPONENTS:
        short = without_defaults(kind, bundle[kind])
        assert parse_component(kind, short) == parse_component(kind, bundle[kind])
        # The shortener fell back on nothing: what it left out is really a default.
        assert short != serialise(parse_component(kind, bundle[kind])) or kind != "router_policy"


def test_split__written__keeps_its_salt_and_weights() -> None:
    text = dump_component("router_policy", documents()["router_policy"])
    assert "salt: p1" in text
    assert text.count("weight:") == 2  # not that of the default route, which is no split


def test_fallback_row__written__says_on_without_quotes() -> None:
    text = dump_component("fallback_matrix", documents()["fallback_matrix"])
    assert (
        "    on: [rate_limit, timeout, server_error, overloaded, network, quota_exhausted]\n"
        in text
    )


@pytest.mark.parametrize("kind", COMPONENTS)
def test_document__not_right_yet__is_written_as_it_stands(kind: str) -> None:
    wrong = {"schema": 1, "rules": "none", "unknown": [1, {"a": None}]}
    assert load_yaml(dump_component(kind, wrong)).value == wrong
