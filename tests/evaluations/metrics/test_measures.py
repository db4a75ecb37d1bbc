"""Values of the metrics from sums, worked out by hand."""

from __future__ import annotations

import pytest

from evaluations.metrics.definitions import DEFINITIONS
from evaluations.metrics.measures import (
    Context,
    class_costs,
    interval_of,
    provider_shares,
    samples_of,
    value_of,
)
from evaluations.metrics.sums import NANO, Buckets, Counts, Sums

CONTEXT = Context(ranks={"low": 0, "high": 2, "alike": 2}, providers={"a": "Acme", "b": "Acme"})


def sums(**counts: int) -> Sums:
    return Sums(Counts(**counts))


@pytest.mark.parametrize(
    ("name", "counts", "value"),
    [
        ("mean_quality", {"quality_nano": 3 * NANO, "quality_known": 4}, 0.75),
        ("adequate_answer_rate", {"adequate": 3, "quality_known": 4}, 0.75),
        ("error_rate", {"errors": 1, "requests": 8}, 0.125),
        ("fallback_frequency", {"fallbacks": 2, "requests": 8}, 0.25),
        ("fallback_depth", {"hops": 4, "requests": 8}, 0.5),
        ("amplification", {"attempts": 12, "requests": 8}, 1.5),
        ("mean_cost_usd", {"cost_nusd": 3 * NANO, "cost_known": 2}, 1.5),
    ],
)
def test_value__of_a_ratio__is_one_sum_over_another(
    name: str, counts: dict[str, int], value: float
) -> None:
    assert value_of(name, sums(**counts), CONTEXT) == value
    assert value_of(name, Sums(), CONTEXT) is None


def test_every_metric__of_sums_that_hold_everything__has_a_value() -> None:
    made = Sums(Counts._make([8] * len(Counts._fields)), latency={690: 8}, served={"a": [8, 80]})
    made.confusion = {("low", "low"): [5, 50], ("high", "low"): [3, 90]}
    context = Context(CONTEXT.ranks, CONTEXT.providers, class_costs(made))
    measured = [name for name, metric in DEFINITIONS.items() if metric.layer != "change"]
    assert [name for name in measured if value_of(name, made, context) is None] == []


def test_misrouting__by_risk__leaves_out_equal_and_unknown_risks() -> None:
    made = Sums()
    made.confusion = {
        ("low", "low"): [5, 50],
        ("high", "low"): [3, 90],
        ("low", "high"): [1, 10],
        ("high", "alike"): [2, 60],
        ("gone", "low"): [7, 70],
    }
    assert samples_of("over_classification_rate", made, CONTEXT) == 11
    assert value_of("over_classification_rate", made, CONTEXT) == 3 / 11
    assert value_of("under_classification_rate", made, CONTEXT) == 1 / 11
    assert value_of("class_agreement", made, CONTEXT) == 5 / 18


def test_over_classification_cost__is_beyond_the_mean_of_rightly_routed_requests() -> None:
    made = Sums()
    made.confusion = {("low", "low"): [4, 8 * NANO], ("high", "low"): [2, 10 * NANO]}
    context = Context(ranks=CONTEXT.ranks, class_costs=class_costs(made))
    assert value_of("over_classification_usd", made, context) == 6.0


def test_concentration__sums_squared_shares_by_provider() -> None:
    made = Sums()
    made.served = {"a": [2, 0], "b": [1, 0], "unlisted": [1, 0]}
    assert provider_shares(made, CONTEXT) == {"Acme": 3, "unlisted": 1}
    assert value_of("provider_concentration", made, CONTEXT) == (9 + 1) / 16


def test_latency__is_read_from_the_merged_histogram() -> None:
    slow, fast = Sums(), Sums()
    slow.latency, fast.latency = {690: 5}, {600: 95}
    merged = Buckets((slow, fast)).total
    assert value_of("latency_p95_ms", merged, CONTEXT) == pytest.approx(1.01**-1 * 163.5, rel=0.05)
    p99 = value_of("latency_p99_ms", merged, CONTEXT)
    assert p99 is not None
    assert p99 > 900


def buckets(*pairs: tuple[int, int]) -> Buckets:
    """One bucket for each (errors, requests)."""
    return Buckets(tuple(sums(errors=errors, requests=n) for errors, n in pairs))


def test_interval__of_one_bucket__does_not_exist() -> None:
    assert interval_of("error_rate", buckets((1, 100)), CONTEXT) is None


def test_interval__of_uneven_buckets__is_wider_than_of_even_ones() -> None:
    even = interval_of("amplification", attempts(150, 150, 150, 150), CONTEXT)
    uneven = interval_of("amplification", attempts(100, 200, 110, 190), CONTEXT)
    assert even is not None
    assert uneven is not None
    assert even.estimate == uneven.estimate == 1.5
    assert even.high - even.low < uneven.high - uneven.low


def attempts(*counts: int) -> Buckets:
    return Buckets(tuple(sums(attempts=count, requests=100) for count in counts))
