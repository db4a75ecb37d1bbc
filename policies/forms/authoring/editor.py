"""A document under someone's hands: every place bound to its control, every problem beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from policies.engine import Problem
from policies.engine.errors import pointer_token
from policies.forms.authoring.codec import (
    absent_of,
    is_shown,
    needs_mark,
    stray_keys,
    stray_step,
)
from policies.forms.authoring.condition_nodes import condition_node
from policies.forms.authoring.conditions import Test
from policies.forms.authoring.nodes import Node, Option, leaf_node, raw_node
from policies.forms.authoring.shape_kinds import Condition, Kind, Leaf, OneOf, Record, Rows, Shape
from policies.forms.authoring.shapes import SHAPES
from policies.forms.authoring.tree import MARK
from policies.forms.authoring.vocabulary import Vocabulary


@dataclass
class Editor:
    """What the page shows of one document. ``loose`` problems belong to no control of their own;
    ``parked`` controls hold what was typed for a choice since taken back.
    """

    kind: str
    root: Node
    problems: tuple[Problem, ...] = ()
    loose: list[str] = field(default_factory=list)
    parked: tuple[tuple[str, list[str]], ...] = ()

    def walk(self) -> Iterator[Node]:
        return _walk(self.root)


def bind(
    kind: str,
    document: Any,
    vocabulary: Vocabulary,
    problems: Iterable[Problem] = (),
    parked: tuple[tuple[str, list[str]], ...] = (),
    opened: frozenset[str] | None = None,
) -> Editor:
    """The editor of a raw document. Pointers of the problems start at the document's root.

    Only the entries ``opened`` get their controls, where a list folds; by default all of them.
    """
    binder = _Binder(vocabulary, opened)
    members = document
    if isinstance(document, dict) and document.get("schema") == 1:
        members = {key: value for key, value in document.items() if key != "schema"}
    root = binder.bind(SHAPES[kind], members, "", "", {})
    editor = Editor(kind, root, tuple(problems), parked=parked)
    for problem in editor.problems:
        _place(problem, binder.slots, editor)
    _count(root)
    return editor


class _Binder:
    """Binds places one by one and remembers which node answers for which pointer."""

    def __init__(self, vocabulary: Vocabulary, opened: frozenset[str] | None) -> None:
        self.vocabulary = vocabulary
        self.opened = opened
        self.slots: dict[str, Node] = {}

    def bind(
        self, shape: Shape, value: Any, path: str, pointer: str, siblings: dict[str, Any]
    ) -> Node:
        if isinstance(shape, Condition):
            node, slots = condition_node(value, path, pointer, self.vocabulary)
            self.slots.update((place, row) for place, row in slots)
        elif isinstance(shape, Leaf):
            node = leaf_node(shape, value, path, pointer, self.vocabulary, siblings)
        elif isinstance(shape, OneOf):
            node = self._one_of(shape, value, path, pointer)
        elif isinstance(shape, Rows):
            node = self._rows(shape, value, path, pointer)
        else:
            node = self._record(shape, value, path, pointer)
        self.slots[pointer] = node
        return node

    def _rows(self, shape: Rows, value: Any, path: str, pointer: str) -> Node:
        if not isinstance(value, list):
            return raw_node(value, path, pointer)
        node = Node(path, pointer, value)
        for index, item in enumerate(value):
            place, inner = f"{path}.{index}", f"{pointer}/{index}"
            is_open = self.opened is None or place in self.opened
            if shape.folds and not is_open and isinstance(item, dict):
                node.entries.append(self._folded(item, place, inner))
            else:
                node.entries.append(self.bind(shape.item, item, place, inner, {}))
        return node

    def _folded(self, item: dict[str, Any], path: str, pointer: str) -> Node:
        """An entry of which only a sentence is shown; it answers for all pointers into it."""
        node = raw_node(item, path, pointer)
        node.is_folded = True
        self.slots[pointer] = node
        return node

    def _record(self, shape: Record, value: Any, path: str, pointer: str) -> Node:
        if value is None and shape.nullable:
            return Node(path, pointer, None, note="off")
        if not isinstance(value, dict):
            return raw_node(value, path, pointer)
        node = Node(path, pointer, value, note=MARK if needs_mark(shape) else "")
        prefix = f"{path}." if path else ""
        for key, inner in shape.fields.items():
            place = pointer + pointer_token(key)
            member = value.get(key, absent_of(inner))
            if is_shown(shape, key, value):
                node.members[key] = self.bind(inner, member, f"{prefix}{key}", place, value)
        for key in stray_keys(shape, value):
            place = pointer + pointer_token(key)
            stray = raw_node(value[key], f"{prefix}{stray_step(shape, key)}", place)
            stray.note = key
            self.slots[place] = stray
            node.strays.append(stray)
        return node

    def _one_of(self, shape: OneOf, value: Any, path: str, pointer: str) -> Node:
        chosen = ""
        if value is not None:
            if not isinstance(value, dict) or len(value) != 1:
                return raw_node(value, path, pointer)
            chosen = next(iter(value))
        node = Node(path, pointer, value)
        labels = [
            ("", shape.none_label),
            *((key, leaf.label) for key, leaf in shape.options.items()),
        ]
        options = [Option(key, label.split(",")[0], key == chosen) for key, label in labels]
        by = Leaf(Kind.TEXT, shape.label, widget="select")
        node.members["by"] = Node(f"{path}.by", pointer, chosen, by, [chosen], options)
        leaf = shape.options.get(chosen)
        if leaf is not None:
            inner = self.bind(leaf, value[chosen], f"{path}.{chosen}", f"{pointer}/{chosen}", value)
            if inner.raw is not None:
                return raw_node(value, path, pointer)
            node.members["chosen"] = inner
        return node if leaf is not None or not chosen else raw_node(value, path, pointer)


def _place(problem: Problem, slots: dict[str, Node], editor: Editor) -> None:
    """Puts a problem at the control it points to, else at the nearest place around it."""
    pointer = problem.pointer
    while pointer and pointer not in slots:
        pointer = pointer.rpartition("/")[0]
    node = slots.get(pointer)
    if node is None or not pointer:
        editor.loose.append(sentence(problem.message))
    else:
        node.problems.append(_spoken(node, problem.message))


def _spoken(node: Node, message: str) -> str:
    """The problem as a sentence for the one who types here."""
    if node.leaf and node.raw is None and not node.text and node.widget == "number":
        return "Enter a number." if "not null" in message else sentence(message)
    if node.leaf and node.raw is None and not node.text and node.widget == "select":
        return "Choose one."
    if isinstance(node.held, Test) and node.held.contradicts:
        return "Two of these tests on one attribute cannot both stand; keep one of them."
    return sentence(message)


def sentence(message: str) -> str:
    """``must be a number`` → ``Must be a number.``"""
    text = message[:1].upper() + message[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _count(node: Node) -> int:
    inner = [*node.members.values(), *node.entries, *node.strays]
    node.below = len(node.problems) + sum(_count(child) for child in inner)
    return node.below


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in (*node.members.values(), *node.entries, *node.strays):
        yield from _walk(child)
