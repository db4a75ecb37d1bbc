"""What thresholds ask of a period, and when it is met."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.metrics.measures import Context
from evaluations.metrics.sums import NANO, Buckets, Counts, Sums
from evaluations.metrics.targets import (
    Evidence,
    applicable,
    bound_of,
    hardest,
    target_of,
    target_of_value,
)
from policies.engine.metrics import COMPARISONS
from policies.engine.thresholds import Threshold


def threshold(**fields: Any) -> Threshold:
    base = {
        "id": "t",
        "layer": "quality",
        "metric": "mean_quality",
        "comparison": "absolute",
        "op": "gte",
        "effect": "alarm",
        "value": 0.8,
    }
    return Threshold(**{**base, **fields})


def period(*qualities: float, requests: int = 100) -> Buckets:
    """One bucket for each mean quality."""
    parts = [
        Sums(Counts(quality_known=requests, quality_nano=round(quality * NANO) * requests))
        for quality in qualities
    ]
    return Buckets(tuple(parts))


def verdict(asked: Threshold, current: Buckets, previous: Buckets | None = None) -> str:
    return target_of(asked, Evidence(current, previous or Buckets(), Context())).verdict


GOOD, MIDDLING, BAD = [0.9, 0.91] * 6, [0.7, 0.9] * 6, [0.6, 0.61] * 6


@pytest.mark.parametrize(
    ("qualities", "expected"), [(GOOD, "pass"), (BAD, "fail"), (MIDDLING, "inconclusive")]
)
def test_target__absolute__wants_the_whole_interval_on_its_side(
    qualities: list[float], expected: str
) -> None:
    assert verdict(threshold(), period(*qualities)) == expected


def test_target__fewer_requests_than_it_needs__is_inconclusive_and_says_so() -> None:
    asked = threshold(min_samples=5000)
    found = target_of(asked, Evidence(period(*GOOD), Buckets(), Context()))
    assert (found.verdict, found.why) == ("inconclusive", "1,200 of the 5,000 requests it needs")


def test_target__nothing_reported__is_missing() -> None:
    assert verdict(threshold(), Buckets()) == "missing"


def test_target__non_inferiority__allows_the_margin_below_the_period_before() -> None:
    asked = threshold(comparison="non_inferiority", value=None, margin=0.02)
    before = period(*GOOD)
    slightly, far = period(*[0.895, 0.905] * 6), period(*[0.85, 0.86] * 6)
    assert verdict(asked, slightly, before) == "pass"
    assert verdict(asked, far, before) == "fail"
    assert verdict(asked, slightly) == "missing"


def test_target__gate_that_compares__is_left_to_evaluations() -> None:
    """Whatever the period before was like: it is other traffic, looked at every day."""
    gate = threshold(comparison="non_inferiority", value=None, margin=0.02, effect="gate")
    for current, before in ((GOOD, BAD), (BAD, GOOD), (GOOD, GOOD)):
        found = target_of(gate, Evidence(period(*current), period(*before), Context()))
        assert (found.verdict, found.bound) == ("not_judged", None)
        assert found.why == "compared in shadow evaluations"


def test_target__gate_on_a_level__is_judged_as_what_it_is() -> None:
    assert verdict(threshold(effect="gate"), period(*GOOD)) == "pass"


def test_target__comparison_of_a_few_days__is_inconclusive_and_says_what_it_takes() -> None:
    asked = threshold(comparison="non_inferiority", value=None, margin=0.02)
    found = target_of(asked, Evidence(period(*BAD[:6]), period(*GOOD[:6]), Context()))
    assert found.verdict == "inconclusive"
    assert "seven days or more" in found.why


def test_target__comparison_without_an_interval__is_never_judged_by_a_point() -> None:
    asked = threshold(comparison="vs_baseline", value=None, margin=-1, metric="lead_time_hours")
    found = target_of_value(asked, 5.0, 30.0)
    assert (found.verdict, found.why) == ("inconclusive", "a change of it has no interval")


@given(st.lists(st.floats(0.4, 1), min_size=7, max_size=7))
def test_target__noise_of_a_week_against_itself__does_not_fail(qualities: list[float]) -> None:
    """The same days in another order: no change, whatever their spread."""
    asked = threshold(comparison="non_inferiority", value=None, margin=0.02)
    assert verdict(asked, period(*qualities), period(*qualities[::-1])) != "fail"


@pytest.mark.parametrize(
    ("fields", "bound"),
    [
        ({"comparison": "absolute", "value": 0.8}, 0.8),
        ({"comparison": "non_inferiority", "margin": 0.1}, 0.4),
        ({"comparison": "non_inferiority", "margin": 0.1, "relative": True}, 0.45),
        ({"comparison": "vs_baseline", "margin": 0.1}, 0.6),
        (
            {"comparison": "non_inferiority", "margin": 0.1, "metric": "error_rate", "op": "lte"},
            0.6,
        ),
    ],
)
def test_bound__by_comparison__is_a_level_of_the_metric(
    fields: dict[str, Any], bound: float
) -> None:
    assert bound_of(threshold(**fields), before=0.5) == pytest.approx(bound)


def test_applicable__with_a_class__prefers_its_own_thresholds() -> None:
    general, own = threshold(id="all"), threshold(id="own", class_key="legal")
    assert applicable([general, own], "mean_quality", "legal") == [own]
    assert applicable([general, own], "mean_quality", "other") == [general]
    assert applicable([general, own], "mean_quality", "") == [general]


def test_hardest__of_several__is_the_one_with_the_worst_verdict() -> None:
    passing = target_of_value(threshold(id="a"), 0.9, None)
    failing = target_of_value(threshold(id="b"), 0.7, None)
    assert hardest([passing, failing]) is failing
    assert hardest([]) is None


def test_hardest__of_one_judged_and_one_not__is_the_judged_one() -> None:
    gate = threshold(comparison="non_inferiority", value=None, margin=0.02, effect="gate")
    elsewhere = target_of(gate, Evidence(Buckets(), Buckets(), Context()))
    passing = target_of_value(threshold(), 0.9, None)
    assert hardest([elsewhere, passing]) is passing


def test_comparison__whose_phrase_has_no_operator__knows_which_way_its_bound_points() -> None:
    silent = {found.name for found in COMPARISONS.values() if "{sign}" not in found.phrase}
    assert silent == {found.name for found in COMPARISONS.values() if found.has_size}
