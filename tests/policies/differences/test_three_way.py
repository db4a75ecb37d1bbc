"""What two people changed since the same version, brought together piece by piece."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from policies.differences.three_way import merge
from policies.engine import COMPONENTS, parse_component, serialise
from tests.engine.choices import some
from tests.engine.strategies import bundle_documents
from tests.policies.steps import documents

Raw = Any
LISTS = {
    "request_classification": {"attributes": "name", "classes": "key", "rules": "id"},
    "router_policy": {"rules": "id"},
    "quality_thresholds": {"thresholds": "id"},
    "fallback_matrix": {},
}
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=100)


def written(kind: str, raw: Raw) -> Raw:
    return serialise(parse_component(kind, raw))


@st.composite
def versions(draw: st.DrawFn, count: int) -> tuple[str, list[Raw]]:
    """A component and so many versions of it, mixed from two: they share and differ in pieces."""
    kind = draw(st.sampled_from(COMPONENTS))
    first, second = (written(kind, draw(bundle_documents())[kind]) for _ in range(2))
    return kind, [_mixed(draw, kind, first, second) for _ in range(count)]


def _mixed(draw: st.DrawFn, kind: str, first: Raw, second: Raw) -> Raw:
    mixed = {key: deepcopy(draw(st.sampled_from((first, first, second)))[key]) for key in first}
    for key, name in LISTS[kind].items():
        pool = {entry[name]: [entry] for entry in first[key]}
        for entry in second[key]:
            pool.setdefault(entry[name], []).append(entry)
        kept = draw(some(tuple(sorted(pool))))
        mixed[key] = [deepcopy(draw(st.sampled_from(pool[name]))) for name in kept]
    return mixed


def alike(kind: str, document: Raw) -> str:
    """The document with every order that merging may choose taken out."""
    if kind == "fallback_matrix":
        cells = {
            f"{row['model']}|{row['class']}|{on}": [row["retries"], row["then"]]
            for row in document["rows"]
            for on in row["on"]
        }
        document = {**document, "rows": cells}
    return json.dumps(_sorted(document), sort_keys=True)


def _sorted(value: Raw) -> Raw:
    if isinstance(value, dict):
        return {key: _sorted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted(
            (_sorted(inner) for inner in value), key=lambda v: json.dumps(v, sort_keys=True)
        )
    return value


@patient
@given(versions(2))
def test_merge__only_one_side_changed__is_that_side(found: tuple[str, list[Raw]]) -> None:
    kind, (base, changed) = found
    for merged in (merge(kind, base, changed, base), merge(kind, base, base, changed)):
        assert merged.document == changed
        assert not merged.collisions


@patient
@given(versions(2))
def test_merge__both_sides_changed_alike__is_that_change(found: tuple[str, list[Raw]]) -> None:
    kind, (base, changed) = found
    merged = merge(kind, base, changed, deepcopy(changed))
    assert merged.document == changed
    assert not merged.collisions


@patient
@given(versions(3))
def test_merge__sides_swapped__gives_the_same_up_to_order(found: tuple[str, list[Raw]]) -> None:
    kind, (base, ours, theirs) = found
    one, other = merge(kind, base, ours, theirs), merge(kind, base, theirs, ours)
    assert {c.name for c in one.collisions} == {c.name for c in other.collisions}
    settled = {c.name: "theirs" for c in other.collisions}
    swapped = merge(kind, base, theirs, ours, settled)
    assert alike(kind, one.document) == alike(kind, swapped.document)


@patient
@given(versions(3))
def test_merge__without_collisions__holds_what_either_side_changed(
    found: tuple[str, list[Raw]],
) -> None:
    kind, (base, ours, theirs) = found
    merged = merge(kind, base, ours, theirs)
    assume(not merged.collisions)
    for key, name in LISTS[kind].items():
        sides = [{e[name]: e for e in side[key]} for side in (base, ours, theirs, merged.document)]
        for entry in {name for side in sides for name in side}:
            before, mine, others, now = (side.get(entry) for side in sides)
            if mine == before:
                assert now == others
            elif others == before:
                assert now == mine


@patient
@given(versions(3), st.randoms())
def test_merge__every_collision_settled__leaves_none_open(
    found: tuple[str, list[Raw]], source: Any
) -> None:
    kind, (base, ours, theirs) = found
    names = [collision.name for collision in merge(kind, base, ours, theirs).collisions]
    choices = {name: source.choice(("ours", "theirs")) for name in names}
    settled = merge(kind, base, ours, theirs, choices)
    assert not settled.open_collisions
    assert [collision.name for collision in settled.collisions] == names


def policy(**changes: Any) -> Raw:
    raw = documents()["router_policy"]
    raw["rules"].append({"id": "p2", "when": {"task": {"in": ["code"]}}, "route": raw["default"]})
    raw = written("router_policy", raw)
    return {**raw, **changes}


def test_merge__other_rules_and_an_addition__takes_all_of_them() -> None:
    base, ours, theirs = policy(), policy(), policy()
    ours["rules"][0]["description"] = "Cheap ones first"
    theirs["rules"][1]["when"] = {"task": {"in": ["answer"]}}
    theirs["rules"].insert(1, {**deepcopy(base["rules"][1]), "id": "p3"})
    merged = merge("router_policy", base, ours, theirs)
    assert not merged.collisions
    assert [rule["id"] for rule in merged.document["rules"]] == ["p1", "p3", "p2"]
    assert merged.document["rules"][0]["description"] == "Cheap ones first"
    assert merged.document["rules"][2]["when"] == {"task": {"in": ["answer"]}}


def test_merge__one_condition_changed_two_ways__collides_and_says_both() -> None:
    base, ours, theirs = policy(), policy(), policy()
    ours["rules"][1]["when"] = {"task": {"in": ["answer"]}}
    theirs["rules"][1]["when"] = {}
    theirs["rules"].reverse()
    (collision,) = merge("router_policy", base, ours, theirs).collisions
    assert collision.name == "rules[p2].when"
    assert collision.pointer == "/rules/1/when"
    assert "Rule “p2”" in collision.sentence
    assert "task is answer" in collision.sentence and "always" in collision.sentence


def test_merge__a_split_shifted_by_both__is_one_collision_not_a_third_split() -> None:
    base, ours, theirs = policy(), policy(), policy()
    ours["rules"][0]["route"]["candidates"][0]["weight"] = 80
    theirs["rules"][0]["route"]["candidates"][1]["weight"] = 20
    (collision,) = merge("router_policy", base, ours, theirs).collisions
    assert collision.name == "rules[p1].route.split"
    chosen = merge("router_policy", base, ours, theirs, {collision.name: "theirs"})
    assert chosen.document == theirs


def test_merge__removed_here_and_edited_there__collides() -> None:
    base, ours, theirs = policy(), policy(), policy()
    del ours["rules"][1]
    theirs["rules"][1]["description"] = "Kept for now"
    (collision,) = merge("router_policy", base, ours, theirs).collisions
    assert collision.name == "rules[p2]"
    assert collision.ours == "to remove it"
    assert collision.pointer == "/rules/1"
    kept = merge("router_policy", base, ours, theirs, {"rules[p2]": "theirs"}).document
    assert [rule["id"] for rule in kept["rules"]] == ["p1", "p2"]


def test_merge__rules_reordered_two_ways__collides_on_the_order_alone() -> None:
    base = policy()
    base["rules"].append({**deepcopy(base["rules"][1]), "id": "p3"})
    ours, theirs = deepcopy(base), deepcopy(base)
    ours["rules"].reverse()
    theirs["rules"].insert(0, theirs["rules"].pop(1))
    (collision,) = merge("router_policy", base, ours, theirs).collisions
    assert collision.name == "rules.order"
    assert collision.ours == "p3, p2, p1"


def test_merge__values_added_by_both__keeps_both() -> None:
    kind = "request_classification"
    base = written(kind, documents()[kind])
    ours, theirs = deepcopy(base), deepcopy(base)
    ours["attributes"][0]["values"].append("chat")
    theirs["attributes"][0]["values"].append("search")
    merged = merge(kind, base, ours, theirs)
    assert not merged.collisions
    assert merged.document["attributes"][0]["values"] == ["answer", "code", "chat", "search"]


def test_merge__failures_of_one_row_answered_apart__splits_the_row() -> None:
    kind = "fallback_matrix"
    base = written(kind, documents()[kind])
    ours, theirs = deepcopy(base), deepcopy(base)
    ours["limits"]["max_attempts"] = 2
    ours["rows"][0]["then"] = ["swift-large"]
    theirs["rows"][1]["on"].append("auth")
    merged = merge(kind, base, ours, theirs)
    assert not merged.collisions
    assert merged.document["rows"][0]["then"] == ["swift-large"]
    assert merged.document["rows"][1]["on"] == theirs["rows"][1]["on"]
    assert merged.document["limits"]["max_attempts"] == 2
    assert len(merged.document["rows"]) == 3


def test_merge__a_bound_moved_by_both__collides_as_one_statement() -> None:
    kind = "quality_thresholds"
    base, ours, theirs = (written(kind, documents(margin=m)[kind]) for m in (0.02, 0.03, 0.01))
    theirs["thresholds"][0]["owner"] = "somebody-else"
    merged = merge(kind, base, ours, theirs)
    (collision,) = merged.collisions
    assert collision.name == "thresholds[quality-no-worse].bound"
    assert "0.03" in collision.ours and "0.01" in collision.theirs
    assert merged.document["thresholds"][0]["owner"] == "somebody-else"


def test_merge__an_unknown_component__is_an_error() -> None:
    with pytest.raises(KeyError):
        merge("nonsense", {}, {"a": 1}, {"a": 2})
