"""What an editor shows of a key: what it does, whether it must be there, what holds without it."""

from __future__ import annotations

from typing import Any

import pytest

from policies.engine import COMPONENTS, DocumentError, parse_component, serialise
from policies.engine.conditions import RANGE_OPERATORS, SET_OPERATORS
from policies.files.schemas import component_schema
from tests.policies.files.mutations import Path, objects, places, removed, replaced
from tests.policies.files.whole_documents import WHOLE

SCHEMAS: dict[str, Any] = {kind: component_schema(kind, f"/{kind}.json") for kind in COMPONENTS}


def followed(root: Any, schema: Any) -> Any:
    """The schema itself, or the definition that it refers to."""
    return root["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def schema_of(root: Any, path: Path) -> Any:
    """The schema of what stands at a place of a document."""
    found = root
    for step in path:
        found = followed(root, found)
        if isinstance(step, int):
            found = found["items"]
        else:
            found = found["properties"].get(step) or found["additionalProperties"]
    return followed(root, found)


def meaning(kind: str, document: Any) -> Any:
    """The document with its defaults written out, or what is wrong with it."""
    try:
        return serialise(parse_component(kind, document))
    except DocumentError as error:
        return [str(problem) for problem in error.problems]


def told(kind: str) -> list[tuple[str, Any, bool]]:
    """(key, schema, whether it must be there) of every key of a component."""
    root = SCHEMAS[kind]
    return [
        (key, followed(root, schema), key in owner.get("required", ()))
        for owner in objects(root)
        for key, schema in owner["properties"].items()
        if schema is not False
    ]


@pytest.mark.parametrize("kind", COMPONENTS)
def test_key__of_a_schema__says_what_it_does(kind: str) -> None:
    silent = [key for key, schema, _ in told(kind) if not schema["description"].endswith(".")]
    assert silent == []


@pytest.mark.parametrize("kind", COMPONENTS)
def test_key__that_may_be_left_out__has_a_default(kind: str) -> None:
    operators = {"in", "not_in", *SET_OPERATORS, "present", *RANGE_OPERATORS, "any_of"}
    unsaid = [
        key
        for key, schema, is_required in told(kind)
        if not is_required
        and "default" not in schema
        and "Default:" not in schema["description"]
        and key not in operators | {"keywords", "pattern"}
    ]
    assert unsaid == []


@pytest.mark.parametrize("kind", COMPONENTS)
def test_default__left_out_or_written__means_the_same(kind: str) -> None:
    tried = 0
    for path, _ in places(WHOLE[kind]):
        if not path or isinstance(path[-1], int) or "when" in path:
            continue
        schema = schema_of(SCHEMAS[kind], path)
        if "default" in schema:
            tried += 1
            written = replaced(WHOLE[kind], path, schema["default"])
            assert meaning(kind, written) == meaning(kind, removed(WHOLE[kind], path)), path
    assert tried >= 6
