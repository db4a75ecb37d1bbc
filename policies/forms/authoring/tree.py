"""Form data as a tree: the control ``rules.0.id`` becomes ``tree["rules"]["0"]["id"]``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Union
from urllib.parse import quote, unquote

Tree = dict[str, Union["Tree", list[str]]]
Pairs = Iterable[tuple[str, list[str]]]

RAW = "~"  # the control at path.~ holds the JSON text of whatever stands at path
MARK = "_"  # the hidden control path._ says that an object without other controls is there
OPEN = "_open"  # the hidden control path._open says that an entry is shown with its controls
DEEPEST = 24


def grow(pairs: Pairs) -> Tree:
    """The tree of (name, texts). A name that contradicts an earlier one is passed over."""
    tree: Tree = {}
    for name, texts in pairs:
        steps = name.split(".")
        if len(steps) > DEEPEST:
            continue
        branch: Tree | None = tree
        for step in steps[:-1]:
            inner = branch.setdefault(step, {}) if branch is not None else None
            branch = inner if isinstance(inner, dict) else None
        if branch is not None:
            branch.setdefault(steps[-1], list(texts))
    return tree


def pairs_of(tree: Tree, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """The (name, texts) of a tree, in its order."""
    for step, inner in tree.items():
        name = f"{path}.{step}" if path else step
        if isinstance(inner, dict):
            yield from pairs_of(inner, name)
        else:
            yield name, inner


def branch(tree: Tree, step: str) -> Tree | None:
    inner = tree.get(step)
    return inner if isinstance(inner, dict) else None


def texts(tree: Tree, step: str) -> list[str] | None:
    inner = tree.get(step)
    return inner if isinstance(inner, list) else None


def numbered(tree: Tree | None) -> list[Tree | list[str]]:
    """The entries of a list, in the order of their numbers."""
    steps = [step for step in tree or {} if step.isascii() and step.isdecimal() and len(step) < 8]
    return [(tree or {})[step] for step in sorted(steps, key=int)]


def raw_of(tree: Tree | list[str] | None) -> str | None:
    """The JSON text of a place that is written raw."""
    found = tree.get(RAW) if isinstance(tree, dict) else None
    return found[0] if isinstance(found, list) and found else None


def step_of(key: str) -> str:
    """A key that no shape knows as one step of a name."""
    return "=" + quote(key, safe="", errors="replace").replace(".", "%2E")


def key_of(step: str) -> str | None:
    """The key of a step made by ``step_of``; None for any other step."""
    return unquote(step[1:]) if step.startswith("=") else None
