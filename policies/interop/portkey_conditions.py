"""Conditions of a Portkey config as those of our documents, and the attributes that they test."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from policies.engine import Problem
from policies.engine.conditions import read_constraint
from policies.engine.reading import Place
from policies.interop.drafting import LONGEST_KEY, as_attribute
from policies.interop.losses import Losses

RANGES = {"$gt": "gt", "$gte": "gte", "$lt": "lt", "$lte": "lte"}
DIGEST_LENGTH = 8


class Attributes:
    """Attributes that conditions ask for: their types, and what of a request is sent as each."""

    def __init__(self, losses: Losses) -> None:
        self.losses = losses
        self.kinds: dict[str, str] = {}
        self.sent: dict[str, str] = {}

    def name_of(self, sent: str) -> str:
        """An attribute for each `metadata.x` or `params.x`; empty where none can be called so."""
        section, _, key = sent.partition(".")
        name = as_attribute(key if section == "metadata" else f"param_{key}")
        if name and self.sent.setdefault(name, sent) != sent:
            digest = hashlib.sha256(sent.encode()).hexdigest()[:DIGEST_LENGTH]
            name = f"{name[: LONGEST_KEY - DIGEST_LENGTH - 1]}-{digest}"
        return name


def condition_of(place: Place, attributes: Attributes, depth: int = 0) -> dict[str, Any] | None:
    """Our condition; None where it cannot be said, and the rule is left out."""
    box: dict[str, Any] = {}
    for key, item in place.members():
        if key == "$or" and depth == 0 and len(dict(place.members())) == 1:
            inner = [condition_of(one, attributes, 1) for one in item.items(of="queries")]
            if not inner:
                attributes.losses.dropped(
                    item.pointer, "It holds for nothing: its rule is left out."
                )
            if not inner or any(one is None for one in inner):
                return None
            return {"any_of": inner} if len(inner) > 1 else inner[0]
        test = _test(key, item, attributes)
        if test is None:
            attributes.losses.dropped(
                item.pointer, "This condition has no counterpart, so its rule is left out."
            )
            return None
        name, constraint = test
        if name in box:
            attributes.losses.dropped(
                item.pointer, f"A second condition on {name} cannot be said: its rule is left out."
            )
            return None
        box[name] = constraint
    return box


def _test(key: str, item: Place, attributes: Attributes) -> tuple[str, Any] | None:
    segments = key.split(".")
    if len(segments) < 2 or segments[0] not in ("metadata", "params"):
        return None
    if len(segments) > 2:
        attributes.losses.approximated(
            item.pointer, f"Portkey reads two segments of a key: {segments[0]}.{segments[1]}."
        )
    name = attributes.name_of(f"{segments[0]}.{segments[1]}")
    operators = item.value if isinstance(item.value, dict) else {"$eq": item.value}
    constraint, kind = _constraint(operators)
    if (
        not name
        or constraint is None
        or not _can_hold(constraint)
        or attributes.kinds.setdefault(name, kind) != kind
    ):
        return None
    what = "metadata" if segments[0] == "metadata" else "parameter"
    attributes.losses.caller(
        item.pointer, f"Send the {what} {segments[1]} as the attribute {name}."
    )
    return name, constraint


def _constraint(operators: Mapping[str, Any]) -> tuple[Any, str]:
    if set(operators) == {"$eq"} and isinstance(operators["$eq"], str):
        if operators["$eq"] in ("true", "false"):
            return operators["$eq"] == "true", "flag"
        return {"in": [operators["$eq"]]}, "category"
    if set(operators) == {"$in"} and _are_texts(operators["$in"]):
        return {"in": list(dict.fromkeys(operators["$in"]))}, "category"
    if operators and set(operators) <= set(RANGES) and all(map(is_number, operators.values())):
        return {RANGES[name]: bound for name, bound in operators.items()}, "number"
    return None, ""


def _can_hold(constraint: object) -> bool:
    """Whether our documents may say it; a range that no number lies in they may not."""
    log: list[Problem] = []
    read_constraint(Place(constraint, "", log))
    return not log


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53
