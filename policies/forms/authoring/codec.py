"""Form data ⇄ component documents, right or wrong.

``decode`` never refuses: a number that is no number stays the text that was typed, and the parser
says so. ``encode`` gives back the controls of a document, so that
``decode(kind, encode(kind, document)).document == document`` for every document the parser accepts.
Where a place holds what its controls cannot show, and for keys no shape knows, one control named
``path.~`` holds the JSON text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from policies.forms.authoring import conditions, leaves
from policies.forms.authoring.shape_kinds import (
    OMITTED,
    Condition,
    Kind,
    Leaf,
    OneOf,
    Record,
    Rows,
    Shape,
)
from policies.forms.authoring.shapes import SHAPES
from policies.forms.authoring.tree import (
    MARK,
    RAW,
    Pairs,
    Tree,
    grow,
    key_of,
    numbered,
    pairs_of,
    raw_of,
    step_of,
    texts,
)

ALWAYS_SENT = (Kind.FLAG, Kind.WORDS)  # controls that send nothing when nothing is chosen
PairList = list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Decoded:
    """A document, and what was typed in controls that no longer apply: it stays on the page."""

    document: Any
    parked: tuple[tuple[str, list[str]], ...] = ()


def decode(kind: str, pairs: Pairs) -> Decoded:
    """The document that form data describes."""
    return decode_tree(kind, grow(pairs))


def decode_tree(kind: str, tree: Tree) -> Decoded:
    parked: PairList = []
    raw = raw_of(tree)
    if raw is not None:
        return Decoded(leaves.raw_value(raw))
    document = _record_of(SHAPES[kind], tree, "", parked)
    return Decoded({"schema": 1, **document}, tuple(parked))


def settled(kind: str, document: Any) -> Any:
    """The document as its form would save it if nobody touched a control: defaults written out."""
    return decode(kind, encode(kind, document)).document


def value_at(shape: Shape, inner: Tree) -> Any:
    """The JSON value of one branch of a form."""
    return _value(shape, inner, "", [])


def _value(shape: Shape, inner: Tree | list[str] | None, path: str, parked: PairList) -> Any:
    """The JSON value of one place; OMITTED where nothing was sent for it."""
    raw = raw_of(inner)
    if raw is not None:
        return leaves.raw_value(raw)
    if isinstance(shape, Leaf):
        return _leaf_value(shape, inner)
    tree = inner if isinstance(inner, dict) else None
    if isinstance(shape, Rows):
        return _items(shape, tree, path, parked)
    if tree is None:
        return None if isinstance(shape, Record) and shape.nullable else OMITTED
    if isinstance(shape, Condition):
        when, unused = conditions.condition_of(tree)
        parked.extend((f"{path}.{name}", words) for name, words in unused)
        return when
    if isinstance(shape, OneOf):
        return _one_of(shape, tree, path, parked)
    return _record_of(shape, tree, path, parked)


def _items(shape: Rows, tree: Tree | None, path: str, parked: PairList) -> list[Any]:
    found = [
        _value(shape.item, item, f"{path}.{index}", parked)
        for index, item in enumerate(numbered(tree))
    ]
    return [{} if item is OMITTED else item for item in found]


def _leaf_value(leaf: Leaf, inner: Tree | list[str] | None) -> Any:
    if isinstance(inner, list):
        return leaves.value_of(leaf, inner)
    return leaves.value_of(leaf, []) if leaf.kind in ALWAYS_SENT else OMITTED


def _record_of(shape: Record, tree: Tree, path: str, parked: PairList) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, inner_shape in shape.fields.items():
        inner = tree.get(key)
        place = f"{path}.{key}" if path else key
        if _applies(shape, key, tree) or raw_of(inner) is not None:
            value = _value(inner_shape, inner, place, parked)
        else:
            value = shape.applies[key].otherwise
            parked.extend(_typed({key: inner} if inner is not None else {}, path))
        if value is not OMITTED:
            document[key] = value
    return document | _strays(tree)


def _applies(shape: Record, key: str, tree: Tree) -> bool:
    rule = shape.applies.get(key)
    return rule is None or (texts(tree, rule.by) or [""])[0] in rule.values


def _typed(tree: Tree, path: str) -> PairList:
    """What a part of the form holds beyond blanks and marks."""
    named = list(pairs_of(tree, path))
    return [(name, words) for name, words in named if any(words)]


def _strays(tree: Tree) -> dict[str, Any]:
    """Members that no shape knows, written raw."""
    strays = {}
    for step, inner in tree.items():
        key, raw = key_of(step), raw_of(inner)
        if key is not None and raw is not None:
            strays[key] = leaves.raw_value(raw)
    return strays


def _one_of(shape: OneOf, tree: Tree, path: str, parked: PairList) -> Any:
    chosen = (texts(tree, "by") or [""])[0]
    others: Tree = {key: inner for key, inner in tree.items() if key not in ("by", chosen)}
    parked.extend(_typed(others, path))
    leaf = shape.options.get(chosen)
    if leaf is None:
        return None
    value = leaves.value_of(leaf, texts(tree, chosen) or [])
    return {chosen: value}


def encode(kind: str, document: Any) -> PairList:
    """The controls of a document by name, as a browser would send them."""
    shape = SHAPES[kind]
    if not isinstance(document, dict):
        return [(RAW, [leaves.raw_text(document)])]
    members = {key: value for key, value in document.items() if (key, value) != ("schema", 1)}
    return shape_pairs(shape, members, "")


def shape_pairs(shape: Shape, value: Any, path: str) -> PairList:
    """The controls of a value; path is the name of its place."""
    if isinstance(shape, Condition):
        return conditions.condition_pairs(value, path)
    if isinstance(shape, Leaf):
        words = leaves.texts_of(shape, value)
        return _raw_pairs(value, path) if words is None else [(path, words)] if words else []
    if isinstance(shape, OneOf):
        return _one_of_pairs(shape, value, path)
    if isinstance(shape, Rows):
        return _rows_pairs(shape, value, path)
    if value is None and shape.nullable:
        return []
    return _record_pairs(shape, value, path) if isinstance(value, dict) else _raw_pairs(value, path)


def _rows_pairs(shape: Rows, value: Any, path: str) -> PairList:
    if not isinstance(value, list):
        return _raw_pairs(value, path)
    return [
        pair
        for index, item in enumerate(value)
        for pair in shape_pairs(shape.item, item, f"{path}.{index}")
    ]


def _record_pairs(shape: Record, value: dict[str, Any], path: str) -> PairList:
    prefix = f"{path}." if path else ""
    pairs: PairList = [(f"{prefix}{MARK}", [""])] if needs_mark(shape) else []
    for key, inner in shape.fields.items():
        if is_shown(shape, key, value):
            pairs += shape_pairs(inner, value.get(key, absent_of(inner)), f"{prefix}{key}")
    for key in stray_keys(shape, value):
        pairs += _raw_pairs(value[key], f"{prefix}{stray_step(shape, key)}")
    return pairs


def needs_mark(shape: Record) -> bool:
    """Whether an object may send nothing at all, so that a mark must say it is there."""
    return all(
        isinstance(inner, Leaf) and inner.kind in ALWAYS_SENT for inner in shape.fields.values()
    )


def is_shown(shape: Record, key: str, value: dict[str, Any]) -> bool:
    """Whether a member has its own controls, given the object it belongs to."""
    rule = shape.applies.get(key)
    return rule is None or value.get(rule.by) in rule.values


def stray_keys(shape: Record, value: dict[str, Any]) -> list[str]:
    """Members shown as raw JSON: unknown ones, and those that do not belong there now."""
    return [
        key
        for key, inner in value.items()
        if key not in shape.fields
        or (not is_shown(shape, key, value) and inner != shape.applies[key].otherwise)
    ]


def stray_step(shape: Record, key: str) -> str:
    """The step of a stray member's name: known keys keep theirs."""
    return key if key in shape.fields else step_of(key)


def absent_of(shape: Shape) -> Any:
    """The value that stands for a member that is not there."""
    if isinstance(shape, Leaf):
        return shape.default
    if isinstance(shape, Rows):
        return []
    if isinstance(shape, Record):
        return shape.absent
    return None if isinstance(shape, OneOf) else {}


def _one_of_pairs(shape: OneOf, value: Any, path: str) -> PairList:
    if value is None:
        return [(f"{path}.by", [""])]
    if isinstance(value, dict) and len(value) == 1:
        key, inner = next(iter(value.items()))
        leaf = shape.options.get(key)
        words = leaves.texts_of(leaf, inner) if leaf else None
        if words is not None:
            return [(f"{path}.by", [key]), (f"{path}.{key}", words)]
    return _raw_pairs(value, path)


def _raw_pairs(value: Any, path: str) -> PairList:
    return [(f"{path}.{RAW}", [leaves.raw_text(value)])]
