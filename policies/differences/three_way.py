"""Three-way comparison of a component: what both started from, our version, and theirs.

The pieces are those that people mean when they say "I changed that": a rule's condition, the
split of a route, the bound of a threshold, the answer to a failure. Pieces are merged, not lines
of text, so that two people who edit different rules never collide.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.differences.merging import (
    ABSENT,
    Collision,
    Entry,
    Keyed,
    Merger,
    Versions,
    Where,
    Words,
)
from policies.wording.sentences import (
    Part,
    class_rule_parts,
    condition_parts,
    fallback_row_parts,
    plain,
    policy_rule_parts,
    route_parts,
    shown,
    threshold_parts,
)

__all__ = ["Collision", "Merged", "merge"]


@dataclass(frozen=True, slots=True)
class Merged:
    """The document of both sides' changes; while collisions are open it has our version there."""

    document: Any
    collisions: tuple[Collision, ...]

    @property
    def open_collisions(self) -> tuple[Collision, ...]:
        return tuple(collision for collision in self.collisions if not collision.chosen)


def merge(
    kind: str, base: Any, ours: Any, theirs: Any, choices: Mapping[str, str] | None = None
) -> Merged:
    """Brings two versions of a component's document together.

    Documents are expected with their defaults written out (`differences.written_out`). `choices`
    settles collisions by name: "ours" or "theirs". Raises KeyError for a kind that is none.
    """
    component = _COMPONENTS[kind]
    merger = Merger(choices or {})
    versions = Versions(base, ours, theirs)
    if versions.are(dict) and versions.collide:
        document = component(merger, versions)
    else:
        document = merger.pick(versions, Where(place="The document"))
    return Merged(document, tuple(merger.collisions))


def _told_condition(when: Any) -> str:
    return plain(condition_parts(when))


def _told_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


RULE_WORDS: Words = {
    "when": ("the condition", _told_condition),
    "class": ("the class", shown),
    "description": ("the description", shown),
}


def _told_rule(parts: Callable[[Entry], list[Part]]) -> Callable[[Entry], str]:
    """With its description, which may be all that differs."""

    def told(rule: Entry) -> str:
        described = f" ({rule['description']})" if rule.get("description") else ""
        return plain(parts(rule)) + described

    return told


def _members(words: Words) -> Callable[[Merger, Versions, Where], Entry]:
    return lambda merger, versions, where: merger.members(versions, where, words)


def _attribute(merger: Merger, versions: Versions, where: Where) -> Any:
    """By members; two sides may both add values. With another type, all of it is another thing."""
    types = versions.member("type")
    if not types.base == types.ours == types.theirs:
        return merger.pick(versions, where)
    merged = merger.members(versions.without(["values"]), where)
    if "values" in versions.ours:
        values = versions.member("values", None)
        merged["values"] = _value_set(merger, values, where.member("values", "", _told_json))
    return merged


def _value_set(merger: Merger, values: Versions, where: Where) -> Any:
    if not values.are(list) or not values.collide:
        return merger.pick(values, where)
    gone = [v for v in values.base if v not in values.ours or v not in values.theirs]
    both = [*values.ours, *(value for value in values.theirs if value not in values.ours)]
    return [value for value in both if value not in gone]


CHOICE = ("select", "candidates")
SPLIT = (*CHOICE, "earlier_weights")


def _route(merger: Merger, versions: Versions, where: Where) -> Any:
    """The models, then the rest. Shares are of one whole, and two halves of two splits are no
    split that anybody meant: so a split is taken from one side.
    """
    if not versions.are(dict):
        return merger.pick(versions, where)
    selects = set(map(shown, versions.member("select", "")))
    if len(selects) > 1 or "weighted" in selects:
        place = where.member("split", "the models", _told_route)
        chosen, rest = merger.pick(versions.only(SPLIT), place), versions.without(SPLIT)
    else:
        place = where.member("candidates")
        found = merger.entries(CANDIDATES, versions.member("candidates"), place)
        chosen, rest = {"select": selects.pop(), "candidates": found}, versions.without(CHOICE)
    return {**chosen, **merger.nested(rest, where)}


def _told_route(route: Any) -> str:
    return plain(route_parts(route))


def _policy_rule(merger: Merger, versions: Versions, where: Where) -> Entry:
    place = where.member("route", "the route", _told_route)
    return {
        **merger.members(versions.without(["route"]), where, RULE_WORDS),
        "route": _route(merger, versions.member("route"), place),
    }


BOUND = ("layer", "metric", "comparison", "op", "value", "margin", "relative")


def _threshold(merger: Merger, versions: Versions, where: Where) -> Entry:
    """What is asked of the metric is one statement; the rest are members by themselves."""
    place = where.member("bound", "the bound", _told_threshold)
    bound = merger.pick(versions.only(BOUND), place)
    return {**merger.members(versions.without(BOUND), where), **bound}


def _told_threshold(threshold: Any) -> str:
    return plain(threshold_parts(threshold))


ATTRIBUTES = Keyed("name", "Attribute", _told_json, _attribute)
CLASSES = Keyed("key", "Class", _told_json, _members({}))
CLASS_RULES = Keyed(
    "id",
    "Rule",
    _told_rule(class_rule_parts),
    _members(RULE_WORDS),
    order_matters=True,
)
POLICY_RULES = Keyed("id", "Rule", _told_rule(policy_rule_parts), _policy_rule, order_matters=True)
CANDIDATES = Keyed("model", "Candidate", shown, _members({}), order_matters=True)
THRESHOLDS = Keyed("id", "Threshold", _told_threshold, _threshold)


def _lists(merger: Merger, versions: Versions, lists: Mapping[str, Keyed]) -> Entry:
    return {
        key: merger.entries(
            listing, versions.member(key, []), Where(key, ours=f"/{key}", theirs=f"/{key}")
        )
        for key, listing in lists.items()
    }


def _classification(merger: Merger, versions: Versions) -> Entry:
    lists = {"attributes": ATTRIBUTES, "classes": CLASSES, "rules": CLASS_RULES}
    words: Words = {
        "default_class": ("The class without a matching rule", shown),
        "provided": ("The router’s own classifier", _told_json),
    }
    rest = merger.members(versions.without(lists), Where(), words)
    return {**rest, **_lists(merger, versions, lists)}


def _policy(merger: Merger, versions: Versions) -> Entry:
    words: Words = {"sticky_on": ("What splits stick to", shown)}
    default = Where("default", "The default route", "/default", "/default", _told_route)
    return {
        **merger.members(versions.without(["rules", "default"]), Where(), words),
        **_lists(merger, versions, {"rules": POLICY_RULES}),
        "default": _route(merger, versions.member("default"), default),
    }


def _quality(merger: Merger, versions: Versions) -> Entry:
    lists = {"thresholds": THRESHOLDS}
    rest = merger.members(versions.without(lists), Where())
    return {**rest, **_lists(merger, versions, lists)}


CellKey = tuple[str, str | None, str]  # model, class, failure kind
ANSWER = ("retries", "then")


def _fallbacks(merger: Merger, versions: Versions) -> Entry:
    limits = Where("limits", "Limits", "/limits", "/limits")
    return {
        **merger.members(versions.without(["rows", "limits"]), Where()),
        "rows": _rows(merger, versions.member("rows", [])),
        "limits": merger.nested(versions.member("limits", {}), limits),
    }


def _rows(merger: Merger, rows: Versions) -> list[Entry]:
    """Rows stand for cells (model, class, failure kind): cells are merged, and told together
    where they change alike.
    """
    cells = Versions(*map(_cells, rows))
    groups: dict[str, list[CellKey]] = {}
    for key in dict.fromkeys([*cells.ours, *cells.theirs]):
        said = _told_json([side[key].answer if key in side else None for side in cells])
        groups.setdefault(f"{key[0]}\n{key[1]}\n{said}", []).append(key)
    answers: dict[CellKey, Entry] = {}
    for keys in groups.values():
        answer = _answer(merger, keys, cells)
        if answer is not ABSENT:
            answers.update(dict.fromkeys(keys, answer))
    return _regrouped(answers, rows)


@dataclass(frozen=True, slots=True)
class _Cell:
    answer: Entry
    row: int


def _cells(rows: list[Entry]) -> dict[CellKey, _Cell]:
    return {
        (row["model"], row["class"], kind): _Cell({k: row[k] for k in ANSWER}, index)
        for index, row in enumerate(rows)
        for kind in row["on"]
    }


def _answer(merger: Merger, keys: list[CellKey], cells: Versions) -> Any:
    model, class_key, _ = keys[0]
    kinds = [key[2] for key in keys]
    found = [side.get(keys[0]) for side in cells]
    answers = Versions(*(cell.answer if cell else ABSENT for cell in found))
    ours, theirs = (f"/rows/{cell.row}" if cell else None for cell in found[1:])

    def told(answer: Any) -> str:
        about = {"model": model, "class": class_key, "on": kinds}
        return plain(fallback_row_parts({**about, **answer}))

    scope = f" for class {class_key}" if class_key else ""
    where = Where(
        name=f"rows[{model} {class_key or '*'} {' '.join(kinds)}]",
        place=f"{'Any model' if model == '*' else model}{scope} on {', '.join(kinds)}",
        ours=ours,
        theirs=theirs,
        told=told,
    )
    if not answers.are(dict) or not answers.collide:
        return merger.pick(answers, where)
    words: Words = {"then": ("where to go", _told_targets), "retries": ("retries", _told_json)}
    return merger.members(answers, where, words)


def _told_targets(targets: Any) -> str:
    return " → ".join(map(shown, targets)) if targets else "stop"


def _regrouped(answers: dict[CellKey, Entry], rows: Versions) -> list[Entry]:
    """Cells as rows: our rows as they stand, split only where answers differ now; what only they
    have joins a row that answers alike.
    """
    made: list[Entry] = []
    joined: dict[str, Entry] = {}
    done: set[CellKey] = set()
    for side in (rows.ours, rows.theirs):
        for row in side:
            own: dict[str, Entry] = {} if side is rows.ours else joined
            for key in ((row["model"], row["class"], kind) for kind in row["on"]):
                if key in done or key not in answers:
                    continue
                done.add(key)
                said = _told_json([key[0], key[1], answers[key]])
                if said not in own:
                    own[said] = {"model": key[0], "class": key[1], "on": [], **answers[key]}
                    made.append(own[said])
                    joined.setdefault(said, own[said])
                own[said]["on"].append(key[2])
    return made


_COMPONENTS: dict[str, Callable[[Merger, Versions], Entry]] = {
    "request_classification": _classification,
    "router_policy": _policy,
    "fallback_matrix": _fallbacks,
    "quality_thresholds": _quality,
}
