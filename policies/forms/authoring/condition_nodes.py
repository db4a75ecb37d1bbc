"""A condition as nodes: groups of rows, each with an attribute, an operator and a value."""

from __future__ import annotations

from typing import Any

from policies.engine.errors import pointer_token
from policies.forms.authoring.conditions import FIXED, LISTS, RANGE, Groups, Test, groups_of
from policies.forms.authoring.nodes import Node, Option, leaf_node, raw_node
from policies.forms.authoring.shape_kinds import Kind, Leaf
from policies.forms.authoring.vocabulary import AttributeWord, Vocabulary

OPERATOR_LABELS = {
    "in": "is one of",
    "not_in": "is none of",
    "has_any": "has any of",
    "has_all": "has all of",
    "has_none": "has none of",
    "gte": "≥",
    "gt": ">",
    "lte": "≤",
    "lt": "<",
    "true": "is true",
    "false": "is false",
    "present": "is present",
    "missing": "is missing",
    "json": "as JSON",
}
OPERATORS = {
    "category": ("in", "not_in", "present", "missing"),
    "set": ("has_any", "has_all", "has_none", "present", "missing"),
    "number": (*RANGE, "present", "missing"),
    "flag": ("true", "false", "present", "missing"),
}
ATTRIBUTE = Leaf(Kind.TEXT, "Attribute", widget="select")
LINES = Leaf(Kind.LINES, "Values, one a line", [])
NUMBER = Leaf(Kind.NUMBER, "Value")
RAW_JSON = Leaf(Kind.TEXT, "Constraint as JSON", widget="code")


def condition_node(
    when: Any, path: str, pointer: str, vocabulary: Vocabulary
) -> tuple[Node, list[tuple[str, Node]]]:
    """The condition, and the further pointers that lead to one of its rows."""
    found = groups_of(when, vocabulary.order)
    if found is None:
        return raw_node(when, path, pointer), []
    node = Node(path, pointer, when, note="any" if _needs_mark(found) else "")
    slots: list[tuple[str, Node]] = []
    for index, group in enumerate(found.groups):
        place = f"{pointer}/any_of/{index}" if found.is_any else pointer
        entry = Node(f"{path}.{index}", place)
        for row, test in enumerate(group.tests):
            _add_row(entry, test, f"{path}.{index}.{row}", vocabulary, slots)
        node.entries.append(entry)
    return node, slots


def _needs_mark(found: Groups) -> bool:
    return found.is_any and len(found.groups) < 2


def _add_row(
    group: Node, test: Test, path: str, vocabulary: Vocabulary, slots: list[tuple[str, Node]]
) -> None:
    """Appends the row; the first row of an attribute also takes what concerns all of them."""
    attribute = f"{group.pointer}{pointer_token(test.attribute)}"
    key = "present" if test.operator == "missing" else test.operator
    row = Node(path, f"{attribute}/{key}", test)
    word = vocabulary.attributes.get(test.attribute, AttributeWord(test.attribute, ""))
    row.members = {
        "attribute": _attribute(test, path, vocabulary, word),
        "op": _operator(test, path, word),
        **_operand(test, path, row.pointer, word),
    }
    slots.append((row.pointer, row))
    if all(other.pointer.rpartition("/")[0] != attribute for other in group.entries):
        slots.append((attribute, row))
    group.entries.append(row)


def _attribute(test: Test, path: str, vocabulary: Vocabulary, word: AttributeWord) -> Node:
    """The attribute can be exchanged for another of its type; an unknown one for any."""
    alike = [
        other.name
        for other in vocabulary.attributes.values()
        if other.type == word.type or not word.type
    ]
    options = [Option(name, name, name == test.attribute) for name in alike]
    if test.attribute not in alike:
        options.insert(0, Option(test.attribute, f"{test.attribute} (unknown)", True, False))
    return Node(f"{path}.attribute", "", None, ATTRIBUTE, [test.attribute], options)


def _operator(test: Test, path: str, word: AttributeWord) -> Node:
    fitting = OPERATORS.get(word.type, tuple(OPERATOR_LABELS)[:-1])
    offered = fitting if test.operator in fitting else (test.operator, *fitting)
    options = [
        Option(key, OPERATOR_LABELS.get(key, key), key == test.operator, key in fitting)
        for key in offered
    ]
    leaf = Leaf(Kind.TEXT, "Operator", widget="select")
    return Node(f"{path}.op", "", None, leaf, [test.operator], options)


def _operand(test: Test, path: str, pointer: str, word: AttributeWord) -> dict[str, Node]:
    if test.operator in FIXED:
        return {}
    if test.operator in LISTS:
        if not word.values:
            return {"lines": _leaf(LINES, list(test.texts), f"{path}.lines", pointer)}
        declared = tuple((value, value) for value in word.values)
        chips = Leaf(Kind.WORDS, f"Values of {word.name}", choices=declared)
        return {"values": _leaf(chips, list(test.texts), f"{path}.values", pointer)}
    text = test.texts[0] if test.texts else ""
    if test.operator == "json":
        return {"value": Node(f"{path}.value", pointer, text, RAW_JSON, [text])}
    number = Leaf(Kind.NUMBER, f"Value of {word.name}", unit=word.unit)
    return {"value": Node(f"{path}.value", pointer, text, number, [text])}


def _leaf(leaf: Leaf, value: list[str], path: str, pointer: str) -> Node:
    return leaf_node(leaf, value, path, pointer, Vocabulary(), {})
