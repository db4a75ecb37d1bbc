"""The samples that stand for all values of an attribute."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from policies.engine.analysis.samples import (
    LARGEST,
    atoms_of,
    intervals,
    readable_number,
    samples_of,
)
from policies.engine.attributes import Attribute
from policies.engine.conditions import Constraint, In, Is, NotIn, Present, Range

bounds = st.sampled_from((-5.0, 0.0, 0.5, 1.0, math.nextafter(1, 2), 99.5, 1e300, LARGEST))
ranges = st.builds(Range, gte=bounds) | st.builds(Range, gt=bounds) | st.builds(Range, lte=bounds)


@given(tests=st.lists(ranges, max_size=5), within=st.sampled_from((None, (0, 1))))
def test_intervals__any_ranges__partition_the_doubles_and_no_range_splits_one(
    tests: list[Range], within: tuple[float, float] | None
) -> None:
    found = intervals(Attribute("n", "number", within=within), tests)
    assert (found[0][0], found[-1][1]) == (within or (-LARGEST, LARGEST))
    for (_, end), (start, _) in itertools.pairwise(found):
        assert math.nextafter(end, math.inf) == start
    for low, high in found:
        assert low <= high
        assert all(test.holds(low) == test.holds(high) for test in tests)


@given(low=st.floats(allow_nan=False, allow_infinity=False), width=st.floats(0, 1e6))
def test_readable_number__any_interval__lies_inside(low: float, width: float) -> None:
    high = min(low + width, LARGEST)
    assert low <= readable_number(low, high) <= high


def test_readable_number__half_open_interval__is_short_and_near_its_bound() -> None:
    just_below = math.nextafter(2000, 0)
    assert readable_number(-LARGEST, just_below) == 1000
    assert readable_number(2000, LARGEST) == 2000
    assert readable_number(math.nextafter(0.8, 1), LARGEST) == 1
    assert readable_number(100, 499) == 100


def test_samples__declared_values__are_the_only_ones_but_for_a_missing_one() -> None:
    task = Attribute("task", "category", values=("a", "b"))
    assert samples_of(task, [In(("a",))]) == ["a", "b", None]


def test_samples__any_text_may_come__has_one_that_nothing_mentions() -> None:
    tenant = Attribute("tenant", "category")
    assert samples_of(tenant, [In(("other", "b"))]) == ["other", "b", "other-other", None]


values = st.lists(st.sampled_from(("a", "b", "c", "d")), min_size=1, unique=True).map(tuple)
presences = st.builds(Present, st.booleans())
typed_tests = st.one_of(
    st.tuples(
        st.just(Attribute("n", "number")),
        st.lists(ranges | st.builds(Range, gt=bounds, lt=bounds) | presences, max_size=6),
    ),
    st.tuples(
        st.sampled_from(
            (Attribute("c", "category", values=tuple("abcd")), Attribute("c", "category"))
        ),
        st.lists(st.builds(In, values) | st.builds(NotIn, values) | presences, max_size=6),
    ),
    st.tuples(
        st.just(Attribute("f", "flag")),
        st.lists(st.builds(Is, st.booleans()) | presences, max_size=6),
    ),
)


@given(typed=typed_tests)
def test_atoms__any_tests__each_holds_for_all_values_of_an_atom_or_none_as_the_bits_say(
    typed: tuple[Attribute, list[Constraint]],
) -> None:
    attribute, tests = typed
    atoms, where = atoms_of(attribute, tests)
    samples = [value for atom in atoms for value in atom]
    assert sorted(map(str, samples)) == sorted(map(str, samples_of(attribute, tests)))
    for test, bits in zip(tests, where, strict=True):
        for place, atom in enumerate(atoms):
            assert {test.holds(value) for value in atom} == {bool(bits >> place & 1)}
