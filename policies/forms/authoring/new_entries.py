"""What a new entry of each list starts with: right as far as it can be, never a guess at intent."""

from __future__ import annotations

from typing import Any

from policies.engine import METRICS
from policies.forms.authoring.tree import Tree, numbered, texts
from policies.forms.authoring.vocabulary import Vocabulary


def new_entry(
    kind: str, steps: list[str], tree: Tree, vocabulary: Vocabulary, argument: str = ""
) -> Any:
    """A raw entry for the list at a path of the form's tree. ``argument``: a threshold's layer."""
    make = _MAKERS.get((kind, steps[-1])) or _MAKERS[("", steps[-1])]
    return make(tree, steps, vocabulary, argument)


def _fresh(tree: Tree, steps: list[str], member: str, stem: str) -> str:
    """``stem-3``: the first number that makes a name no entry of the list has."""
    entries = numbered(_list(tree, steps))
    used = {(texts(entry, member) or [""])[0] for entry in entries if isinstance(entry, dict)}
    count = len(entries) + 1
    while f"{stem}-{count}" in used:
        count += 1
    return f"{stem}-{count}"


def _list(tree: Tree, steps: list[str]) -> Tree | None:
    found: Any = tree
    for step in steps:
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _attribute(tree: Tree, steps: list[str], vocabulary: Vocabulary, argument: str) -> Any:
    return {"name": "", "type": "category", "description": "", "values": None}


def _class(tree: Tree, steps: list[str], vocabulary: Vocabulary, argument: str) -> Any:
    return {"key": "", "risk": "medium", "description": ""}


def _class_rule(tree: Tree, steps: list[str], vocabulary: Vocabulary, argument: str) -> Any:
    return {"id": _fresh(tree, steps, "id", "rule"), "description": "", "when": {}, "class": ""}


def _policy_rule(tree: Tree, steps: list[str], vocabulary: Vocabulary, argument: str) -> Any:
    """Its salt is written out at once, so that renaming the rule later keeps its split."""
    name = _fresh(tree, steps, "id", "rule")
    route = {"select": "ordered", "salt": name, "candidates": [{"model": "", "weight": 1}]}
    return {"id": name, "description": "", "when": {}, "route": route}


def _candidate(tree: Tree, steps: list[str], vocabulary: Vocabulary, argument: str) -> Any:
    """In a split, a new candidate takes nothing from the others until it is given a weight."""
    route = _list(tree, steps[:-1]) or {}
    weighted = (texts(route, "select") or [""])[0] == "weighted"
    return {"model": "", "weight": 0 if weighted else 1}


def _fallback_row(tree: Tree, steps: list[str], vocabulary: Vocabulary, argument: str) -> Any:
    return {"model": "", "class": None, "on": ["timeout", "rate_limit"], "then": [""]}


def _target(tree: Tree, steps: list[str], vocabulary: Vocabulary, argument: str) -> Any:
    return ""


def _threshold(tree: Tree, steps: list[str], vocabulary: Vocabulary, argument: str) -> Any:
    metrics = [metric for metric in METRICS.values() if metric.layer == argument]
    metric = metrics[0] if metrics else METRICS["mean_quality"]
    return {
        "id": _fresh(tree, steps, "id", metric.name.replace("_", "-")),
        "layer": metric.layer,
        "class": "*",
        "metric": metric.name,
        "comparison": "absolute",
        "op": metric.ops[0],
        "effect": "alarm" if metric.layer == "change" else "gate",
    }


_MAKERS = {
    ("", "attributes"): _attribute,
    ("", "classes"): _class,
    ("request_classification", "rules"): _class_rule,
    ("router_policy", "rules"): _policy_rule,
    ("", "candidates"): _candidate,
    ("", "rows"): _fallback_row,
    ("", "then"): _target,
    ("", "thresholds"): _threshold,
}
