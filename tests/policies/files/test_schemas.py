"""What a schema accepts and refuses, the parser does, save for the rules of `parser_rules`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.engine import COMPONENTS, DocumentError, parse_component, serialise
from policies.files.schemas import component_schema
from policies.files.templates_library import templates
from tests.engine.strategies import bundle_documents, json_values
from tests.policies.files.mutations import (
    SHAPES,
    TEXTS,
    Path,
    choices,
    numbers,
    objects,
    places,
    removed,
    replaced,
    reshaped,
)
from tests.policies.files.parser_rules import RULES, ParserRule
from tests.policies.files.whole_documents import WHOLE

SCHEMAS = {kind: component_schema(kind, f"/{kind}.json") for kind in COMPONENTS}
VALIDATORS = {kind: jsonschema_rs.Draft202012Validator(schema) for kind, schema in SCHEMAS.items()}


def is_json(value: object) -> bool:
    """A schema is asked about what JSON can hold; NaN and infinities it cannot."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


JSON_VALUES = json_values.filter(is_json)
few = settings(max_examples=25, deadline=None)
many = settings(max_examples=400, deadline=None)


def disagreement(kind: str, document: object) -> str:
    """What schema and parser do not agree on, apart from the listed rules; nothing if they do."""
    wrong = [error.message for error in VALIDATORS[kind].iter_errors(document)]
    try:
        parse_component(kind, document)
    except DocumentError as error:
        problems = error.problems
    else:
        problems = ()
    if wrong:
        return "" if problems else f"The parser accepts {document!r}; the schema: {wrong}"
    unlisted = [
        str(problem)
        for problem in problems
        if not any(rule.covers(kind, problem) for rule in RULES)
    ]
    return f"The schema accepts {document!r}; the parser: {unlisted}" if unlisted else ""


def keys_the_parser_knows(kind: str, path: Path) -> list[str]:
    """Keys that the object at a place may have, by what the parser says of one it may not."""
    try:
        parse_component(kind, replaced(WHOLE[kind], (*path, "unknown"), None))
    except DocumentError as error:
        told = [problem.message.partition("allowed keys are ")[2] for problem in error.problems]
        return re.findall(r'"([^"]+)"', "".join(told))
    return []


def mutants(kind: str) -> Iterator[Any]:
    """The whole document with one thing changed, for each place and each odd value."""
    document, schema = WHOLE[kind], SCHEMAS[kind]
    figures = numbers(schema)
    odd: dict[type, list[Any]] = {str: [*TEXTS, *choices(schema)], int: figures, float: figures}
    for path, value in places(document):
        keys = keys_the_parser_knows(kind, path) if isinstance(value, dict) else ()
        yield from reshaped(document, path, value, keys)
        for other in (*SHAPES, *odd.get(type(value), ())):
            yield replaced(document, path, other)


@pytest.mark.parametrize("kind", COMPONENTS)
def test_schema__is_sound_itself(kind: str) -> None:
    jsonschema_rs.meta.validate(SCHEMAS[kind])


@pytest.mark.parametrize("kind", COMPONENTS)
def test_whole_document__by_both__is_accepted(kind: str) -> None:
    parse_component(kind, WHOLE[kind])
    VALIDATORS[kind].validate(WHOLE[kind])


@pytest.mark.parametrize("kind", COMPONENTS)
def test_whole_document__has_every_key_that_schema_and_parser_know(kind: str) -> None:
    written = {str(step) for path, _ in places(WHOLE[kind]) for step in path}
    owners = [path for path, value in places(WHOLE[kind]) if isinstance(value, dict)]
    known = {key for path in owners for key in keys_the_parser_knows(kind, path)}
    assert known and known <= written
    assert {key for schema in objects(SCHEMAS[kind]) for key in schema["properties"]} <= written


@pytest.mark.parametrize("kind", COMPONENTS)
def test_one_thing_changed__anywhere__is_judged_alike(kind: str) -> None:
    wrong = [said for mutant in mutants(kind) if (said := disagreement(kind, mutant))]
    assert wrong == []


@pytest.mark.parametrize("kind", COMPONENTS)
def test_one_thing_changed__often_enough__is_accepted_and_refused(kind: str) -> None:
    verdicts = [VALIDATORS[kind].is_valid(mutant) for mutant in mutants(kind)]
    assert min(verdicts.count(True), verdicts.count(False)) > 50


@given(bundle_documents())
@few
def test_sound_document__short_or_written_out__is_accepted(bundle: Any) -> None:
    for kind in COMPONENTS:
        VALIDATORS[kind].validate(bundle[kind])
        VALIDATORS[kind].validate(serialise(parse_component(kind, bundle[kind])))


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.key)
def test_template__by_schema__is_accepted(template: Any) -> None:
    for kind in COMPONENTS:
        VALIDATORS[kind].validate(template.raw[kind])


@st.composite
def changed_documents(draw: st.DrawFn) -> tuple[str, Any]:
    """(component, document) with two or three things changed."""
    kind = draw(st.sampled_from(COMPONENTS))
    document: Any = WHOLE[kind]
    parts = [value for _, value in places(document)]
    odd = st.sampled_from([*SHAPES, *TEXTS]) | st.sampled_from(parts) | JSON_VALUES
    for _ in range(draw(st.integers(2, 3))):
        path, value = draw(st.sampled_from(list(places(document))))
        change = draw(st.sampled_from(("replace", "remove", "add")))
        if change == "remove" and path:
            document = removed(document, path)
        elif change == "add" and isinstance(value, dict):
            member = draw(st.sampled_from([*TEXTS, "relative", "margin", "values", "weight"]))
            document = replaced(document, path, {**value, member: draw(odd)})
        else:
            document = replaced(document, path, draw(odd))
    return kind, document


@given(changed_documents())
@many
def test_several_things_changed__are_judged_alike(changed: tuple[str, Any]) -> None:
    kind, document = changed
    assert disagreement(kind, document) == ""


@given(st.sampled_from(COMPONENTS), JSON_VALUES)
@many
def test_any_json__is_judged_alike(kind: str, value: Any) -> None:
    assert disagreement(kind, value) == ""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.kind}: {rule.name}")
def test_rule_beyond_schemas__broken_alone__is_told_by_the_parser_only(rule: ParserRule) -> None:
    VALIDATORS[rule.kind].validate(rule.example)
    with pytest.raises(DocumentError) as refused:
        parse_component(rule.kind, rule.example)
    assert [rule.covers(rule.kind, problem) for problem in refused.value.problems] == [True]
