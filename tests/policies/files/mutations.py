"""Documents with something else at one of their places."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

Path = tuple[str | int, ...]

TEXTS = (
    "", " ", "a", "a ", " a", "a b", "a\n", "a\nb", "a\x00", "-a", ".a", "a/b", "naïve", "😀" * 200,
    "x" * 64, "x" * 65, "x" * 200, "x" * 201, "x" * 20_000, "x" * 20_001,
    "*", "default", "class", "any_of", "null", "1", "0h", "9999w", "10000h", "24h\n", "7 d", "3m",
)  # fmt: skip
SHAPES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.5, "a", "*", "", [], {}, [""], ["", ""], ["a"], ["a", "a"],
    ["A", "a"], ["a", 1], [None], [[]], [{}], {"a": 1}, {"any_of": []}, {"any_of": [{}]},
    {"any_of": [{"any_of": [{}]}]}, {"any_of": [{}], "a": True}, {"any_of": None}, {"a": {}},
    {"in": []}, {"in": ["a", "b"]}, {"in": ["a"], "not_in": ["b"]}, {"present": True, "gt": 1},
    {"present": None}, {"gte": 1, "gt": 1}, {"lt": 1, "lte": 1}, {"gte": 1, "lt": 2, "in": ["a"]},
    {"has_any": ["a"]}, {"has_all": ["a"], "has_none": ["b"]}, {"has_none": [], "in": ["a"]},
    {"has_any": ["a"], "present": True}, {"gt": "1"}, {"eq": 1},
    {"keywords": ["a"], "pattern": "a"}, {"keywords": []},
)  # fmt: skip


def numbers(schema: object) -> list[float]:
    """Each bound that a schema names, what is next to it, and what no document may hold."""
    found: list[float] = [0.5, 1.5, -0.0, 5e-324, 1e300, 10**400]
    for bound in {0.0, 1.0, *_bounds(schema)}:
        near = (math.nextafter(bound, -math.inf), math.nextafter(bound, math.inf))
        found += [bound, bound - 1, bound + 1, *near]
        found += [int(bound), int(bound) - 1, int(bound) + 1]
    return list({repr(value): value for value in found}.values())


def _bounds(node: object) -> Iterator[float]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key.lower().endswith(("minimum", "maximum")):
                yield float(value)
            yield from _bounds(value)
    elif isinstance(node, list):
        for item in node:
            yield from _bounds(item)


def choices(schema: object) -> list[str]:
    """Every word that a schema offers anywhere."""
    return sorted(set(_choices(schema)))


def _choices(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (word for word in node.get("enum", ()) if isinstance(word, str))
        for value in node.values():
            yield from _choices(value)
    elif isinstance(node, list):
        for item in node:
            yield from _choices(item)


def objects(node: object) -> Iterator[dict[str, Any]]:
    """The schema of each object that a schema tells of."""
    if isinstance(node, dict):
        if node.get("type") in ("object", ["object", "null"]):
            yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for item in node:
            yield from objects(item)


def places(node: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of a document, and where it stands."""
    yield path, node
    members = node.items() if isinstance(node, dict) else ()
    entries = enumerate(node) if isinstance(node, list) else members
    for key, value in entries:
        yield from places(value, (*path, key))


def replaced(document: Any, path: Path, value: Any) -> Any:
    """A copy with another value at a place."""
    if not path:
        return deepcopy(value)
    changed = deepcopy(document)
    at(changed, path[:-1])[path[-1]] = deepcopy(value)
    return changed


def removed(document: Any, path: Path) -> Any:
    """A copy without what stands at a place."""
    changed = deepcopy(document)
    del at(changed, path[:-1])[path[-1]]
    return changed


def at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def reshaped(document: Any, path: Path, value: Any, keys: Iterable[str]) -> Iterator[Any]:
    """Copies with a place left out, or with more in it: one of these keys, or an unknown one."""
    if path:
        yield removed(document, path)
    if isinstance(value, dict):
        for key in (*keys, "unknown", "Schema", "any_of", ""):
            odd: tuple[Any, ...] = (None, "a", True, 1, [], {})
            for member in odd:
                yield replaced(document, path, {**value, key: member})
    if isinstance(value, list):
        yield replaced(document, path, [*value, *value])
        yield replaced(document, path, [*value, *value[:1]])
        yield replaced(document, path, [])
