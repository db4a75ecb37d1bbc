"""Places in a bundle that people talk about: named, and found again after an edit. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.engine import digest
from policies.wording.whole_numbers import whole_number

# Members that tell an entry of a list, in the order they are looked for.
NAMES = ("id", "key", "name", "model")
COMPONENT_WORDS = {
    "request_classification": "request classification",
    "router_policy": "router policy",
    "fallback_matrix": "fallback matrix",
    "quality_thresholds": "quality thresholds",
    "catalogue": "catalogue",
}
ENTRY_WORDS = {
    "rules": "rule",
    "attributes": "attribute",
    "classes": "class",
    "rows": "row",
    "thresholds": "threshold",
    "candidates": "candidate",
    "models": "model",
    "providers": "provider",
}
Step = str | dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A place as it is in one bundle: its pointer, its words, the way by names, its content."""

    pointer: str
    words: str
    path: tuple[Step, ...]
    digest: str


def place_at(content: Mapping[str, Any], pointer: str) -> Place | None:
    """The place a JSON pointer leads to, or None when it leads nowhere. "" is the whole bundle."""
    if pointer and not pointer.startswith("/"):
        return None
    value: Any = content
    path: list[Step] = []
    for token in _tokens(pointer):
        step, value = _step(value, token)
        if step is None:
            return None
        path.append(step)
    return Place(pointer, words_for(path), tuple(path), digest(value))


def find_again(content: Mapping[str, Any], path: Sequence[Step]) -> Place | None:
    """The same place in another bundle, by the names of its entries; None when it is gone."""
    pointer = ""
    value: Any = content
    for step in path:
        token = _token(value, step)
        if token is None:
            return None
        pointer += "/" + token.replace("~", "~0").replace("/", "~1")
        value = value[int(token)] if isinstance(value, list) else value[token]
    return Place(pointer, words_for(path), tuple(path), digest(value))


def words_for(path: Sequence[Step]) -> str:
    """``rule “p1” of the router policy``."""
    if not path:
        return "the whole change"
    component = COMPONENT_WORDS.get(str(path[0]), str(path[0]))
    rest = list(path[1:])
    said = []
    for place, step in enumerate(rest):
        listing = rest[place - 1] if place else ""
        if isinstance(step, dict):
            noun = ENTRY_WORDS.get(str(listing), "entry")
            said.append(f"{noun} “{_name(step)}”")
        elif str(step) not in ENTRY_WORDS or place == len(rest) - 1:
            said.append(str(step).replace("_", " "))
    return f"{', '.join(said)} of the {component}" if said else f"the {component}"


def _tokens(pointer: str) -> list[str]:
    parts = pointer.split("/")[1:]
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


def _step(value: Any, token: str) -> tuple[Step | None, Any]:
    if isinstance(value, dict) and token in value:
        return token, value[token]
    if isinstance(value, list):
        index = whole_number(token)
        if index is not None and index < len(value) and str(index) == token:
            return _identity(value, index), value[index]
    return None, None


def _identity(entries: list[Any], index: int) -> Step:
    """What tells this entry from the others: its name, and for rows the class with it."""
    entry = entries[index]
    if not isinstance(entry, dict):
        return {"value": entry}
    name = next((name for name in NAMES if name in entry), None)
    if name is None:
        return {"index": index}
    step = {name: entry[name]}
    # Several rows may share a model; what they are for tells them apart.
    step |= {more: entry[more] for more in ("class", "on") if name == "model" and more in entry}
    return step


def _token(value: Any, step: Step) -> str | None:
    if isinstance(step, str):
        return step if isinstance(value, dict) and step in value else None
    if not isinstance(value, list):
        return None
    if "index" in step:
        return str(step["index"]) if step["index"] < len(value) else None
    alike = [index for index, entry in enumerate(value) if _is_alike(entry, step, but="on")]
    same = [index for index in alike if _is_alike(value[index], step)]
    found = same or alike
    return str(found[0]) if found else None


def _is_alike(entry: Any, step: dict[str, Any], *, but: str = "") -> bool:
    found = entry if isinstance(entry, dict) else {"value": entry}
    return all(found.get(name) == wanted for name, wanted in step.items() if name != but)


def _name(step: dict[str, Any]) -> str:
    if "index" in step:
        return str(step["index"] + 1)
    first = str(next(iter(step.values())))
    return f"{first}, {step['class']}" if step.get("class") else first
