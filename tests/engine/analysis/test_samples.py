"""The samples that stand for all values of an attribute."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from policies.engine.analysis.samples import LARGEST, intervals, readable_number, samples_of
from policies.engine.attributes import Attribute
from policies.engine.conditions import In, Range

bounds = st.sampled_from((-5.0, 0.0, 0.5, 1.0, math.nextafter(1, 2), 99.5, 1e300, LARGEST))
ranges = st.builds(Range, gte=bounds) | st.builds(Range, gt=bounds) | st.builds(Range, lte=bounds)


@given(tests=st.lists(ranges, max_size=5))
def test_intervals__any_ranges__partition_the_doubles_and_no_range_splits_one(
    tests: list[Range],
) -> None:
    found = intervals(tests)
    assert (found[0][0], found[-1][1]) == (-LARGEST, LARGEST)
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
