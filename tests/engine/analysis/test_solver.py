"""The solver against enumeration of all points."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from policies.engine.analysis.rule_lists import together
from policies.engine.analysis.solver import Solver
from policies.engine.analysis.space import Cover, Space
from policies.engine.attributes import Attribute
from policies.engine.conditions import Box, In

VALUES = ("a", "b", "c")
NAMES = ("x", "y", "z")
VOCABULARY = {
    **{name: Attribute(name, "category", values=VALUES) for name in NAMES},
    "class": Attribute("class", "category", values=("k",)),
}

subsets = st.lists(st.sampled_from(VALUES), min_size=1, unique=True).map(lambda v: In(tuple(v)))
boxes = st.dictionaries(st.sampled_from(NAMES), subsets).map(
    lambda d: Box(tuple(sorted(d.items())))
)


def _covers(space: Space, found: list[Box]) -> list[Cover]:
    return [cover for box in found for cover in space.covers_of(box)]


@given(asked=boxes, others=st.lists(boxes, max_size=8))
def test_ask__any_boxes__answers_as_enumeration_does(asked: Box, others: list[Box]) -> None:
    # Naming every value keeps atoms apart, so that points of the space are the requests.
    every = Box(tuple((name, In((value,))) for name in NAMES for value in VALUES))
    space = Space(VOCABULARY, [asked, *others, every])
    (within,) = _covers(space, [asked])
    found = Solver(space).ask(within.box, together(_covers(space, others)))
    points = [
        {name: value for name, value in zip(NAMES, point, strict=True) if value}
        for point in itertools.product((*VALUES, ""), repeat=3)
    ]
    free = [
        point
        for point in points
        if asked.holds(point) and not any(other.holds(point) for other in others)
    ]
    assert (found is not None) == bool(free)
    if found is not None:
        assert not found & ~within.box
        assert not any(space.is_box(found & cover.box) for cover in _covers(space, others))
