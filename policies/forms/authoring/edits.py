"""Structural edits: add, remove and move entries of a document while it is form data.

An edit is written ``action:path`` or ``action:path:argument``, as the buttons of the page send it
(``add:rules``, ``remove:rules.2``, ``move:rules.2:0``, ``test:rules.0.when.1:task``). Edits work on
the tree of controls, so that the numbers in a path mean what the author saw, and so that text
which no longer applies moves along with its entry. Pure: a new tree is returned.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from policies.engine import Problem
from policies.forms.authoring import codec, conditions, leaves, new_entries
from policies.forms.authoring.nodes import element_id
from policies.forms.authoring.shape_kinds import Condition, OneOf, Record, Rows, Shape
from policies.forms.authoring.shapes import SHAPES
from policies.forms.authoring.tree import MARK, OPEN, RAW, Tree, branch, grow, numbered, raw_of
from policies.forms.authoring.vocabulary import Vocabulary
from policies.wording.whole_numbers import whole_number

MOST_OPENED = 5
FIRST_TESTS = {"category": "in", "set": "has_any", "number": "gte", "flag": "true"}


@dataclass(frozen=True)
class Edited:
    """The tree after an edit, and the id of the element that takes the focus."""

    tree: Tree
    focus: str = ""


class UnknownEdit(ValueError):
    """No button of the page says this."""


def apply(kind: str, tree: Tree, edit: str, vocabulary: Vocabulary) -> Edited:
    """Carries out one edit. Raises UnknownEdit for a path or an action that does not exist."""
    action, _, rest = edit.partition(":")
    path, _, argument = rest.partition(":")
    steps = path.split(".") if path else []
    act = _ACTIONS.get(action)
    if act is None or not steps:
        raise UnknownEdit(edit)
    return act(kind, copy.deepcopy(tree), steps, argument, vocabulary)


def _add(kind: str, tree: Tree, steps: list[str], argument: str, vocabulary: Vocabulary) -> Edited:
    shape = shape_at(kind, steps)
    if isinstance(shape, Condition):
        return _add_group(tree, steps)
    if isinstance(shape, Record) and shape.nullable:
        return _switch_on(shape, tree, steps)
    if not isinstance(shape, Rows):
        raise UnknownEdit(".".join(steps))
    index = len(numbered(_branch(tree, steps)))
    value = new_entries.new_entry(kind, steps, tree, vocabulary, argument)
    path = ".".join([*steps, str(index)])
    grown = grow(codec.shape_pairs(shape.item, value, path))
    entry = _at(grown, [*steps, str(index)])
    if shape.folds:
        entry[OPEN] = ["1"]
    _branch(tree, steps)[str(index)] = entry
    return Edited(tree, element_id("row", path))


def _open(kind: str, tree: Tree, steps: list[str], argument: str, vocabulary: Vocabulary) -> Edited:
    """Shows the controls of an entry that was folded into one of raw JSON."""
    shape, path = shape_at(kind, steps), ".".join(steps)
    raw = raw_of(_branch(tree, steps))
    if raw is None or not isinstance(shape, Record) or not _folds(kind, steps):
        raise UnknownEdit(path)
    grown = grow(codec.shape_pairs(shape, leaves.raw_value(raw), path))
    _branch(tree, steps[:-1])[steps[-1]] = _at(grown, steps) | {OPEN: ["1"]}
    return Edited(tree, element_id("row", path))


def _close(
    kind: str, tree: Tree, steps: list[str], argument: str, vocabulary: Vocabulary
) -> Edited:
    """Folds an entry into one control of raw JSON."""
    shape, path = shape_at(kind, steps), ".".join(steps)
    if not isinstance(shape, Record) or not _folds(kind, steps):
        raise UnknownEdit(path)
    entry = _branch(tree, steps)
    if raw_of(entry) is None:
        value = codec.value_at(shape, entry)
        _branch(tree, steps[:-1])[steps[-1]] = {RAW: [leaves.raw_text(value)]}
    return Edited(tree, element_id("open", path))


def _folds(kind: str, steps: list[str]) -> bool:
    above = shape_at(kind, steps[:-1])
    return isinstance(above, Rows) and above.folds


def opened_in(kind: str, tree: Tree) -> frozenset[str]:
    """The paths of entries that are shown with their controls."""
    folding = [key for key in SHAPES[kind].fields if _folds(kind, [key, "0"])]
    return frozenset(
        f"{key}.{index}"
        for key in folding
        for index, entry in enumerate(numbered(branch(tree, key)))
        if isinstance(entry, dict) and OPEN in entry
    )


def opened_at_first(kind: str, paths: Iterable[str], problems: Iterable[Problem]) -> frozenset[str]:
    """What to open when the page is called: the entries asked for, and a few with problems."""
    wrong = [problem.pointer.strip("/").split("/")[:2] for problem in problems]
    entries = [steps for steps in wrong if len(steps) == 2 and _folds(kind, steps)]
    return frozenset([*paths, *list(dict.fromkeys(map(".".join, entries)))[:MOST_OPENED]])


def _add_group(tree: Tree, steps: list[str]) -> Edited:
    condition = _branch(tree, steps)
    index = len(numbered(condition))
    condition[str(index)] = {MARK: [""]}
    path = ".".join([*steps, str(index)])
    return Edited(tree, element_id("add-test", path))


def _switch_on(shape: Record, tree: Tree, steps: list[str]) -> Edited:
    path = ".".join(steps)
    grown = grow(codec.shape_pairs(shape, {}, path))
    _branch(tree, steps[:-1])[steps[-1]] = _at(grown, steps)
    return Edited(tree, element_id("row", path))


def _test(kind: str, tree: Tree, steps: list[str], argument: str, vocabulary: Vocabulary) -> Edited:
    """Adds a test of an attribute to a group of a condition."""
    if not isinstance(shape_at(kind, steps[:-1]), Condition) or not argument:
        raise UnknownEdit(".".join(steps))
    group = _branch(tree, steps)
    index = len(numbered(group))
    word = vocabulary.attributes.get(argument)
    operator = FIRST_TESTS.get(word.type if word else "", "present")
    path = ".".join([*steps, str(index)])
    test = conditions.Test(argument, operator, () if operator in conditions.LISTS else ("",))
    declared = word.values if word else ()
    grown = grow(conditions.test_pairs(test, path, declared))
    group[str(index)] = _at(grown, [*steps, str(index)])
    chips = "values.0" if declared else "lines"
    operand = {"in": chips, "has_any": chips, "gte": "value"}.get(operator, "op")
    return Edited(tree, element_id("f", f"{path}.{operand}"))


def _remove(
    kind: str, tree: Tree, steps: list[str], argument: str, vocabulary: Vocabulary
) -> Edited:
    """Takes an entry out of a list, switches a record off, or drops raw JSON."""
    parent = _branch(tree, steps[:-1])
    if steps[-1] not in parent:
        raise UnknownEdit(".".join(steps))
    del parent[steps[-1]]
    above = ".".join(steps[:-1])
    if not steps[-1].isdecimal():
        return Edited(tree, element_id("add", ".".join(steps)))
    entries = numbered(parent)
    _renumber(parent, entries)
    if isinstance(shape_at(kind, steps[:-1]), Condition) and len(entries) < 2:
        parent.pop(conditions.ANY_MARK, None)
    return Edited(tree, element_id("add", above))


def _shift(
    kind: str, tree: Tree, steps: list[str], argument: str, vocabulary: Vocabulary, by: int
) -> Edited:
    now, last = _moved(kind, tree, steps, lambda place: place + by)
    path = ".".join([*steps[:-1], str(now)])
    # At either end the button that led there is off, so the other one takes the focus.
    up = now > 0 if by < 0 else now == last
    return Edited(tree, element_id("up" if up else "down", path))


def _move(kind: str, tree: Tree, steps: list[str], argument: str, words: Vocabulary) -> Edited:
    """Moves an entry to a place, counted from 0; its handle keeps the focus."""
    to = whole_number(argument)
    if to is None:
        raise UnknownEdit(argument)
    now, _ = _moved(kind, tree, steps, lambda place: to)
    return Edited(tree, element_id("move", ".".join([*steps[:-1], str(now)])))


def _moved(kind: str, tree: Tree, steps: list[str], to: Callable[[int], int]) -> tuple[int, int]:
    """Moves an entry within the tree: where it is now, and the last place of its list."""
    was = whole_number(steps[-1])
    if was is None or not isinstance(shape_at(kind, steps[:-1]), Rows):
        raise UnknownEdit(".".join(steps))
    parent = _branch(tree, steps[:-1])
    entries = numbered(parent)
    now = min(max(to(was), 0), len(entries) - 1)
    if not 0 <= was < len(entries):
        raise UnknownEdit(".".join(steps))
    entries.insert(now, entries.pop(was))
    _renumber(parent, entries)
    return now, len(entries) - 1


def _up(kind: str, tree: Tree, steps: list[str], argument: str, words: Vocabulary) -> Edited:
    return _shift(kind, tree, steps, argument, words, -1)


def _down(kind: str, tree: Tree, steps: list[str], argument: str, words: Vocabulary) -> Edited:
    return _shift(kind, tree, steps, argument, words, 1)


_ACTIONS = {
    "add": _add,
    "test": _test,
    "remove": _remove,
    "up": _up,
    "down": _down,
    "move": _move,
    "open": _open,
    "close": _close,
}


def shape_at(kind: str, steps: list[str]) -> Shape | None:
    """The shape of a place; None where the document has none (inside a condition, raw JSON)."""
    shape: Shape | None = SHAPES[kind]
    for step in steps:
        if isinstance(shape, Record):
            shape = shape.fields.get(step)
        elif isinstance(shape, OneOf):
            shape = shape.options.get(step)
        elif isinstance(shape, Rows) and step.isdecimal():
            shape = shape.item
        else:
            return None
    return shape


def _branch(tree: Tree, steps: list[str]) -> Tree:
    """The branch at a path, grown where nothing was sent for it."""
    for step in steps:
        inner = tree.setdefault(step, {})
        if not isinstance(inner, dict):
            raise UnknownEdit(".".join(steps))
        tree = inner
    return tree


def _at(tree: Tree, steps: list[str]) -> Any:
    found: Any = tree
    for step in steps:
        found = found.get(step, {}) if isinstance(found, dict) else {}
    return found


def _renumber(parent: Tree, entries: list[Tree | list[str]]) -> None:
    for step in [step for step in parent if step.isdecimal()]:
        del parent[step]
    parent.update({str(index): entry for index, entry in enumerate(entries)})
