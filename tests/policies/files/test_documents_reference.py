"""`docs/documents.md`: its examples are sound, and it falls behind no schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from evaluations.metrics.definitions import MEANINGS
from policies.engine import (
    COMPARISONS,
    COMPONENTS,
    FAILURE_KINDS,
    METRICS,
    canonical_bytes,
    digest,
)
from policies.engine.conditions import read_condition
from policies.engine.reading import parsed
from policies.files.schemas import component_schema
from policies.files.workflow_files import FILE_NAMES
from policies.files.yaml_text import YamlError, load_component, load_yaml
from tests.policies.files.mutations import choices, objects
from tests.policies.files.parser_rules import RULES

TEXT = (Path(__file__).parents[3] / "docs" / "documents.md").read_text(encoding="utf-8")
SCHEMAS: dict[str, Any] = {kind: component_schema(kind, f"/{kind}.json") for kind in COMPONENTS}
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"^# (\w+\.yaml)(, wrong)?$", re.MULTILINE)
EXAMPLES = [
    (found, text) for kind, text in BLOCKS if kind == "yaml" for found in [NAMED.search(text)]
]
CONDITION_KEYS = {
    "in", "not_in", "has_any", "has_all", "has_none", "present", "gte", "gt", "lt", "lte", "any_of",
}  # fmt: skip


def section(title: str, level: str = "##") -> str:
    """What stands under a heading, up to the next of its level."""
    return re.split(rf"^#{{2,{len(level)}}} ", TEXT.split(f"\n{level} {title}\n")[1], flags=re.M)[0]


def keys_of(kind: str) -> set[tuple[str, str]]:
    """(key, what its cell of the column Default has to say) of all keys of a component.

    The second is empty where the schema has no fixed default.
    """
    return {
        (key, _default(entry, key in owner["required"]))
        for owner in objects({**SCHEMAS[kind], "$defs": SCHEMAS[kind].get("$defs", {})})
        for key, entry in owner["properties"].items()
        if key not in CONDITION_KEYS
    }


def _default(entry: dict[str, Any], is_required: bool) -> str:
    if is_required:
        return "required"
    if "default" not in entry:
        return ""
    value = entry["default"]
    return f"`{value}`" if isinstance(value, str) and value else f"`{json.dumps(value)}`"


def test_examples__of_the_reference__name_their_documents() -> None:
    assert all(found for found, _ in EXAMPLES)
    assert {found[1] for found, _ in EXAMPLES if found} == set(FILE_NAMES)


@pytest.mark.parametrize("text", [text for found, text in EXAMPLES if found and not found[2]])
def test_example__read_as_yaml__is_sound(text: str) -> None:
    found = NAMED.search(text)
    assert found is not None
    load_component(FILE_NAMES[found[1]], text)


def test_example__that_is_wrong__is_told_of_in_these_words() -> None:
    (wrong,) = [text for found, text in EXAMPLES if found and found[2]]
    with pytest.raises(YamlError) as refused:
        load_component("router_policy", wrong)
    assert ("text", f"{refused.value}\n") in BLOCKS


def test_example__of_a_canonical_form__has_this_form_and_digest() -> None:
    example, shown = re.findall(
        r"^```\w+\n(.*?)^```$", section("Canonical form and digest"), re.M | re.S
    )
    document = load_component("fallback_matrix", example).document
    assert shown == f"{canonical_bytes(document).decode()}\n{digest(document)}\n"


def test_conditions__of_the_reference__are_sound() -> None:
    shown = re.findall(r"^\| `(\{.*?\})` \|", section("Conditions"), re.MULTILINE)
    for text in shown:
        parsed(load_yaml(text).value, lambda place: read_condition(place, None))
    assert len(shown) >= 6


def test_operators__of_conditions__are_explained() -> None:
    assert not [key for key in CONDITION_KEYS if f"`{key}`" not in section("Conditions")]


@pytest.mark.parametrize("kind", COMPONENTS)
def test_key__of_a_schema__stands_in_the_reference_with_its_default(kind: str) -> None:
    text = section(SCHEMAS[kind]["title"])
    rows = [row.split(" | ") for row in text.splitlines() if row.startswith("| `")]
    shown = {(cells[0].strip("| `"), cells[2]) for cells in rows if len(cells) == 4}
    keys = {(key, cell) for key, cell in keys_of(kind) if cell}
    assert keys - shown == set()
    assert {key for key, _ in keys_of(kind)} <= {cells[0].strip("| `") for cells in rows}
    assert {key for key, _ in shown} <= {key for key, _ in keys_of(kind)} | set(METRICS)


@pytest.mark.parametrize("kind", COMPONENTS)
def test_word__that_a_schema_offers__stands_in_the_reference(kind: str) -> None:
    text = section(SCHEMAS[kind]["title"])
    assert not [word for word in choices(SCHEMAS[kind]) if f"`{word}`" not in text]


def test_failure_kinds__each__stand_in_the_reference_in_their_order() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", section("Failure kinds", "###"), re.MULTILINE)
    assert tuple(rows) == FAILURE_KINDS


def test_comparisons__each__stand_in_the_reference_wherever_they_are_told() -> None:
    text = section("thresholds", "###")
    cells = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", text, re.MULTILINE))
    rows = text.split("| Comparison |")[1]
    assert re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE) == list(COMPARISONS)
    assert cells["comparison"].split(" | ")[0] == ", ".join(f"`{name}`" for name in COMPARISONS)
    sizes = [name for name, found in COMPARISONS.items() if found.has_size]
    assert re.findall(r"`(\w+)`", cells["margin"].split("not below 0 for")[1]) == sizes


def test_metrics__of_the_reference__are_those_that_there_are() -> None:
    row = r"^\| `(\w+)` \| (.+) \| (.+) \| (.+) \| (.+) \| (.+) \|$"
    assert re.findall(row, section("Metrics", "###"), re.MULTILINE) == [
        (
            each.name,
            each.layer,
            each.unit,
            each.better,
            ", ".join(each.measured_in),
            MEANINGS[each.name],
        )
        for each in METRICS.values()
    ]


def test_rules_beyond_schemas__each__stand_in_the_reference() -> None:
    said = section("What a schema cannot say", "###")
    for kind in COMPONENTS:
        names = [rule.name for rule in RULES if rule.kind == kind]
        bullets = "".join(f"- {name}.\n" for name in names)
        assert f"\n{SCHEMAS[kind]['title']}:\n\n{bullets}\n" in said
