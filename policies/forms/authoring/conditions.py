"""Conditions as rows of controls: groups of tests, and back.

A test is one operator on one attribute. Tests on the same attribute join into one constraint
(``≥ 100`` and ``< 500``); those that cannot be joined become a list, which the parser refuses, so
that nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from policies.forms.authoring import leaves
from policies.forms.authoring.shape_kinds import Kind, Leaf
from policies.forms.authoring.tree import MARK, Tree, numbered, raw_of, texts

ANY_MARK = "any"  # when.any: written as any_of although there are not two groups
LISTS = ("in", "not_in", "has_any", "has_all", "has_none")
RANGE = ("gte", "gt", "lte", "lt")
FIXED: dict[str, Any] = {
    "true": True,
    "false": False,
    "present": {"present": True},
    "missing": {"present": False},
}
NUMBER = Leaf(Kind.NUMBER, "Value")


@dataclass(frozen=True)
class Test:
    """One row. ``texts`` holds one text for a number or for raw JSON, else the chosen values.

    ``contradicts``: it stands in a list with others on its attribute, which cannot be joined.
    """

    attribute: str
    operator: str  # one of LISTS or of RANGE, true, false, present, missing or json
    texts: tuple[str, ...] = ()
    contradicts: bool = False


@dataclass(frozen=True)
class Group:
    tests: tuple[Test, ...]


@dataclass(frozen=True)
class Groups:
    """A condition; ``is_any`` when it is written as ``any_of``."""

    groups: tuple[Group, ...]
    is_any: bool


def groups_of(when: Any, order: Mapping[str, int]) -> Groups | None:
    """The rows of a condition, attributes in the given order; None when rows cannot show it."""
    if not isinstance(when, dict):
        return None
    if "any_of" not in when:
        return Groups((_group_of(when, order),), False)
    boxes = when["any_of"]
    if len(when) > 1 or not isinstance(boxes, list):
        return None
    if not all(isinstance(box, dict) and "any_of" not in box for box in boxes):
        return None
    return Groups(tuple(_group_of(box, order) for box in boxes), True)


def _group_of(box: dict[str, Any], order: Mapping[str, int]) -> Group:
    names = sorted(box, key=lambda name: (order.get(name, len(order)), name))
    return Group(tuple(test for name in names for test in _tests_of(name, box[name])))


def _tests_of(attribute: str, constraint: Any) -> list[Test]:
    if not isinstance(constraint, list) or len(constraint) < 2:
        return _piece_tests(attribute, constraint)
    tests = [test for piece in constraint for test in _piece_tests(attribute, piece)]
    return [replace(test, contradicts=True) for test in tests]


def _piece_tests(attribute: str, piece: Any) -> list[Test]:
    """Tests that give the piece back; one of raw JSON where no control can show it."""
    raw = [Test(attribute, "json", (leaves.raw_text(piece),))]
    if isinstance(piece, bool):
        return [Test(attribute, "true" if piece else "false")]
    if not isinstance(piece, dict) or not piece:
        return raw
    tests = [_operator_test(attribute, key, piece[key]) for key in sorted(piece, key=_rank)]
    found = [test for test in tests if test]
    return found if len(found) == len(piece) else raw


def _operator_test(attribute: str, key: str, operand: Any) -> Test | None:
    if key == "present" and isinstance(operand, bool):
        return Test(attribute, "present" if operand else "missing")
    if key in RANGE:
        typed = leaves.texts_of(NUMBER, operand)
        return Test(attribute, key, tuple(typed)) if typed is not None else None
    is_words = isinstance(operand, list) and all(isinstance(value, str) for value in operand)
    return Test(attribute, key, tuple(operand)) if key in LISTS and is_words else None


def _rank(key: str) -> tuple[int, str]:
    return (RANGE.index(key) if key in RANGE else -1, key)


def condition_of(tree: Tree) -> tuple[Any, list[tuple[str, list[str]]]]:
    """The condition that form rows describe, and the (name, texts) that it has no use for."""
    raw = raw_of(tree)
    if raw is not None:
        return leaves.raw_value(raw), []
    boxes, parked = [], []
    for index, group in enumerate(numbered(tree)):
        box, unused = _box_of(group if isinstance(group, dict) else {})
        boxes.append(box)
        parked += [(f"{index}.{name}", words) for name, words in unused]
    if ANY_MARK in tree or len(boxes) > 1:
        return {"any_of": boxes}, parked
    return (boxes[0] if boxes else {}), parked


def _box_of(group: Tree) -> tuple[dict[str, Any], list[tuple[str, list[str]]]]:
    pieces: dict[str, list[Any]] = {}
    parked: list[tuple[str, list[str]]] = []
    for index, row in enumerate(numbered(group)):
        if isinstance(row, dict):
            name = (texts(row, "attribute") or [""])[0]
            pieces.setdefault(name, []).append(_piece_of(row))
            parked += [(f"{index}.{key}", words) for key, words in _unused(row)]
    return {name: _joined(found) for name, found in pieces.items()}, parked


def _piece_of(row: Tree) -> Any:
    operator = (texts(row, "op") or [""])[0]
    if operator in FIXED:
        return FIXED[operator]
    typed = texts(row, "value") or [""]
    if operator == "json":
        return leaves.raw_value(typed[0])
    if operator in LISTS:
        return {operator: [leaves.clean(word) for word in _values(row)]}
    return {operator: leaves.number_of(leaves.clean(typed[0]))}


def _values(row: Tree) -> list[str]:
    """Chosen chips, then those written one a line."""
    lines = leaves.clean("\n".join(texts(row, "lines") or []))
    return [*(texts(row, "values") or []), *leaves.lines_of(lines)]


def _unused(row: Tree) -> list[tuple[str, list[str]]]:
    """What was typed for another operator: kept on the page in case the author goes back."""
    operator = (texts(row, "op") or [""])[0]
    used: tuple[str, ...] = ("values", "lines") if operator in LISTS else ("value",)
    used = () if operator in FIXED else used
    return [
        (key, words)
        for key in ("value", "values", "lines")
        if key not in used and (words := texts(row, key)) and any(words)
    ]


def _joined(pieces: list[Any]) -> Any:
    """One constraint of several pieces, or the list of them when they contradict in form."""
    if len(pieces) == 1:
        return pieces[0]
    joined: dict[str, Any] = {}
    for piece in pieces:
        if not isinstance(piece, dict) or set(piece) & set(joined):
            return pieces
        joined.update(piece)
    return joined


def test_pairs(test: Test, path: str, declared: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    """The controls of one row, as the page sends them. ``declared`` values are chips."""
    pairs = [(f"{path}.attribute", [test.attribute]), (f"{path}.op", [test.operator])]
    if test.operator in LISTS:
        if declared:
            return [*pairs, (f"{path}.values", list(test.texts))]
        lines = "\n".join(leaves.escape_line(value) for value in test.texts)
        return [*pairs, (f"{path}.lines", [lines])]
    return pairs if test.operator in FIXED else [*pairs, (f"{path}.value", list(test.texts))]


def condition_pairs(when: Any, path: str) -> list[tuple[str, list[str]]]:
    """A whole condition as controls, where no page is at hand (a row just added)."""
    found = groups_of(when, {})
    if found is None:
        return [(f"{path}.~", [leaves.raw_text(when)])]
    pairs: list[tuple[str, list[str]]] = []
    if found.is_any and len(found.groups) < 2:
        pairs.append((f"{path}.{ANY_MARK}", ["1"]))
    for index, group in enumerate(found.groups):
        pairs.append((f"{path}.{index}.{MARK}", [""]))
        for place, test in enumerate(group.tests):
            pairs += test_pairs(test, f"{path}.{index}.{place}", ())
    return pairs
