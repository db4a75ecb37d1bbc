"""Sound configurations with anything at all in the place of one of their parts."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.interop import FORMATS
from tests.policies.interop.sound import SOUND
from tests.policies.interop.test_hostile_texts import leaves, read_or_refused

Path = tuple[str | int, ...]
anything: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


def parts(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where each part of a document stands, the whole included."""
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from parts(inner, (*path, key))


def damaged(document: Any, path: Path, value: Any) -> Any:
    """The document with another value there."""
    if not path:
        return value
    found = copy.deepcopy(document)
    inner = found
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return found


def holds(document: Any, pointer: str) -> bool:
    """Whether a pointer leads to a part of the document, or to where one is missing."""
    found = document
    for token in pointer.split("/")[1:-1]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            return False
    return True


@pytest.mark.parametrize("key", FORMATS)
def test_sound_configuration__as_it_stands__is_read(key: str) -> None:
    assert read_or_refused(json.dumps(SOUND[key]), key) == ()


@pytest.mark.parametrize("key", FORMATS)
@settings(max_examples=150)
@given(data=st.data())
def test_sound_configuration__with_anything_in_it__is_read_or_refused_at_its_places(
    key: str, data: st.DataObject
) -> None:
    document = SOUND[key]
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(list(parts(document))))
        document = damaged(document, path, data.draw(anything))
    refused = [problem.pointer for problem in read_or_refused(json.dumps(document), key)]
    # Of a text of several documents, a pointer may start with the number of the document.
    assert all(holds(document, pointer) or holds([document], pointer) for pointer in refused)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("litellm", ("router_settings", "model_group_alias", "best")),
        ("litellm", ("router_settings", "routing_strategy")),
        ("portkey", ("strategy", "conditions", 0, "then")),
        ("portkey", ("strategy", "default")),
        ("portkey", ("strategy", "mode")),
        ("portkey", ("targets", 0, "name")),
        ("envoy", ("spec", "rules", 0, "matches", 0, "headers", 0, "type")),
    ],
)
@pytest.mark.parametrize("value", [["a"], {}, {"a": ["b"]}, [[]]])
def test_list_or_object__where_a_name_belongs__is_read_or_refused(
    key: str, path: Path, value: Any
) -> None:
    read_or_refused(json.dumps(damaged(SOUND[key], path, value)), key)
