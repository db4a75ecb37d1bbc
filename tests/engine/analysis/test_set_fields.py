"""Sets in the space of requests: each set is in the boxes of exactly the constraints it meets."""

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policies.engine import parse_bundle, serialise
from policies.engine.analysis import analyse
from policies.engine.analysis.set_fields import atoms_of_group, groups_of
from policies.engine.analysis.space import Space
from policies.engine.attributes import Attribute
from policies.engine.conditions import Box, Constraint, Has, Present, Value
from tests.engine.analysis.documents import Raw, bundle, named, route

VALUES = ("a", "b", "c", "d")
SETS: list[Value | None] = [
    None,
    *(held for size in range(5) for held in itertools.combinations(VALUES, size)),
]
lists = st.lists(st.sampled_from(VALUES), max_size=3, unique=True).map(tuple)
constraints: st.SearchStrategy[Constraint] = st.builds(
    Has, has_any=lists, has_all=lists, has_none=lists
) | st.booleans().map(Present)
ATTRIBUTES = {
    "s": Attribute("s", "set"),
    "class": Attribute("class", "category", values=("k",)),
}


def point(space: Space, value: Value | None, tests: list[Constraint]) -> int:
    """The atoms of one set: whether it is there, and how many of each group it holds."""
    found = space.fields["class"].mask
    held = value if isinstance(value, tuple) else ()
    for key, field in space.fields.items():
        if key == "s":
            found |= (1 if value is not None else 2) << field.shift
        elif isinstance(key, tuple):
            group = groups_of(tests)[key[1]]
            count = len(set(group) & set(held))
            last = len(atoms_of_group(group, tests)) - 1
            found |= 1 << field.shift + (last if count == len(group) else min(count, 1))
    return found


@given(st.lists(constraints, min_size=1, max_size=5, unique=True))
def test_set__any_constraints__is_in_the_boxes_of_those_it_meets(tests: list[Constraint]) -> None:
    boxes = [Box((("s", test),)) for test in tests]
    space = Space(ATTRIBUTES, boxes)
    for value in SETS:
        at = point(space, value, tests)
        for box, test in zip(boxes, tests, strict=True):
            inside = any(not at & ~cover.box for cover in space.covers_of(box))
            assert inside == test.holds(value)


def test_groups__of_many_rules__are_no_more_than_their_lists() -> None:
    many = tuple(f"v{number}" for number in range(200))
    asked = [Has(has_any=many[:100]), Has(has_any=many[50:]), Has(has_none=many[190:])]
    assert len(groups_of(asked)) == 4
    assert len(Space(ATTRIBUTES, [Box((("s", test),)) for test in asked]).fields) == 6


def analysed(*whens: Raw, values: list[str] | None = None) -> dict[str, str]:
    """Severities by name, of rules with these conditions, each to a route of its own."""
    made = bundle(rules={f"r{n}": ({}, route(f"m{n + 1}")) for n in range(len(whens))})
    raw: Any = serialise(made)
    raw["request_classification"]["attributes"].append(
        {"name": "groups", "type": "set", "values": values}
    )
    for rule, when in zip(raw["router_policy"]["rules"], whens, strict=True):
        rule["when"] = when
    return {name: found.severity for name, found in named(analyse(parse_bundle(raw))).items()}


def test_analysis__thirty_teams_with_a_rule_each__is_decided() -> None:
    teams = [{"groups": {"has_any": [f"team-{number}"]}} for number in range(30)]
    any_team = {"any_of": teams}
    found = analysed(any_team, {"groups": {"has_all": ["team-3", "team-7"]}})
    assert found["shadowed:router_policy:r1"] == "error"
    assert not [name for name in found if name.startswith("not_decided")]


def test_analysis__overlap_of_two_sets_of_values__has_a_witness_that_holds_both() -> None:
    one, other = {"groups": {"has_any": ["a"]}}, {"groups": {"has_any": ["b"], "has_none": ["c"]}}
    assert analysed(one, other)["conflict:router_policy:r0:r1"] == "warning"
    apart = {"groups": {"has_any": ["b"], "has_none": ["a"]}}
    assert "conflict:router_policy:r0:r1" not in analysed(one, apart)


def test_analysis__has_any_or_has_none_or_missing__leaves_no_gap() -> None:
    found = analysed(
        {"groups": {"has_any": ["a", "b"]}},
        {"any_of": [{"groups": {"has_none": ["a", "b"]}}, {"groups": {"present": False}}]},
    )
    assert "gap:router_policy" not in found
