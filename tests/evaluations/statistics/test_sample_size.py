"""How many requests resolve a gate: from its own interval, with the power and direction meant."""

import math
from collections.abc import Callable

import pytest

from evaluations.statistics.bounded import tango
from evaluations.statistics.gates import FAIL, PASS, Limit
from evaluations.statistics.intervals import Interval
from evaluations.statistics.sample_size import Needed, requests_to_resolve

Z = 1.959963984540054


def mean_of(estimate: float, sigma: float = 0.5) -> Callable[[int, str], Interval]:
    """The interval of a mean of so many values."""

    def at(n: int, towards: str) -> Interval:
        error = sigma / math.sqrt(n)
        return Interval(estimate, error, estimate - Z * error, estimate + Z * error)

    return at


@pytest.mark.parametrize(("estimate", "towards"), [(0.0, PASS), (-0.02, FAIL)])
def test_requests__one_point_from_the_limit__are_the_published_count(
    estimate: float, towards: str
) -> None:
    # ((1.96 + 0.8416) * 0.5 / 0.01)^2 = 19,623, told in three digits.
    found = requests_to_resolve(mean_of(estimate), Limit("gte", -0.01), 500)
    assert found == Needed(19_700, towards)


def test_requests__of_a_cost_that_may_rise__point_the_other_way() -> None:
    found = requests_to_resolve(mean_of(0.0), Limit("lte", 0.01), 500)
    assert found == Needed(19_700, PASS)


@pytest.mark.parametrize(("margin", "requests"), [(0.01, 381), (0.002, 1920)])
def test_requests__nothing_differs__are_those_from_which_tango_passes(
    margin: float, requests: int
) -> None:
    # With no discordant pair the score interval ends at z^2 / (n + z^2).
    assert math.ceil(Z * Z * (1 - margin) / margin) in range(requests - 3, requests + 1)
    found = requests_to_resolve(lambda n, _: tango(0, 0, n, 0.95), Limit("gte", -margin), 200)
    assert found == Needed(requests, PASS)


def test_requests__on_the_limit_itself__have_no_number() -> None:
    assert requests_to_resolve(mean_of(-0.01), Limit("gte", -0.01), 500) is None


def test_requests__next_to_the_limit__have_none_that_anyone_could_bring() -> None:
    assert requests_to_resolve(mean_of(-0.01 + 1e-9), Limit("gte", -0.01), 500) is None


def test_requests__to_fail__are_those_of_the_interval_that_decides_a_fail() -> None:
    """A pass may need more certainty than a fail does."""

    def at(n: int, towards: str) -> Interval:
        return mean_of(-0.02, 0.5 if towards == FAIL else 1.0)(n, towards)

    assert requests_to_resolve(at, Limit("gte", -0.01), 500) == Needed(19_700, FAIL)
