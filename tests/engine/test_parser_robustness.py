"""Whatever comes in, the parsers answer with a document or with DocumentError."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine import (
    COMPONENTS,
    DocumentError,
    canonical_bytes,
    load_json,
    parse_bundle,
    parse_catalogue,
    parse_component,
    parse_request,
)
from tests.engine.strategies import bundle_documents, json_values

PARSERS = (
    parse_bundle,
    parse_catalogue,
    parse_request,
    canonical_bytes,
    *(lambda raw, kind=kind: parse_component(kind, raw) for kind in COMPONENTS),
)


def answers(parse: Any, raw: object) -> None:
    try:
        parse(raw)
    except DocumentError as refused:
        assert refused.problems
        assert all(problem.message for problem in refused.problems)
        assert all(p.pointer == "" or p.pointer.startswith("/") for p in refused.problems)


@given(st.sampled_from(PARSERS), json_values)
def test_parser__arbitrary_json__raises_nothing_but_document_error(parse: Any, raw: Any) -> None:
    answers(parse, raw)


@given(bundle_documents(), json_values, st.data())
def test_parser__one_part_replaced_by_anything__raises_nothing_else(
    raw: Any, odd: Any, data: st.DataObject
) -> None:
    raw = deepcopy(raw)  # generated documents share parts with the pools they are drawn from
    node: Any = raw
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        child = node[key]
        if not isinstance(child, dict | list) or not child or data.draw(st.booleans()):
            node[key] = odd
            break
        node = child
    answers(parse_bundle, raw)


@given(st.text(max_size=40) | st.binary(max_size=40))
def test_load_json__any_text_or_bytes__raises_nothing_but_document_error(text: Any) -> None:
    answers(load_json, text)


@pytest.mark.parametrize("depth", [250, 5_000, 200_000])
def test_load_json__nested_too_deeply__says_so(depth: int) -> None:
    with pytest.raises(DocumentError, match="nested deeper"):
        load_json("[" * depth + "]" * depth)


def test_canonical_form__nested_too_deeply__says_so() -> None:
    deep: Any = []
    for _ in range(300):
        deep = {"deeper": deep}
    with pytest.raises(DocumentError, match="nested deeper"):
        canonical_bytes(deep)


def test_canonical_form__keys_that_are_not_text__are_refused_in_place() -> None:
    with pytest.raises(DocumentError) as refused:
        canonical_bytes({"a": {1: "one"}})
    assert [problem.pointer for problem in refused.value.problems] == ["/a"]
