"""What looking often at one sealed share does to the chance of a pass by luck."""

from __future__ import annotations

import datetime
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.replay.looks import Try, confidence_at, look_number, look_sentence
from evaluations.statistics.clusters import ClusterSums
from evaluations.statistics.gates import FAIL, INCONCLUSIVE, PASS, Limit
from evaluations.statistics.intervals import clustered_mean
from tests.evaluations.bundles import always
from tests.evaluations.outcome_files import held, row
from tests.evaluations.replay.test_gates import absolute, gate, only, rows_of

MARGIN, CONVERSATIONS, TRIES = 0.02, 200, 50
NANO = 10**9


@given(st.floats(0.5, 0.999), st.integers(1, 500))
def test_looks__however_many__err_together_no_more_than_one_gate_may(
    confidence: float, looks: int
) -> None:
    spent = sum(1 - confidence_at(confidence, look) for look in range(1, looks + 1))
    assert spent < (1 - confidence) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("look", "level"), [(0, 0.95), (1, 0.975), (2, 0.95 + 0.05 * 5 / 6), (3, 0.95 + 0.05 * 11 / 12)]
)
def test_look__is_judged_at_half_a_sixth_a_twelfth_of_the_error(look: int, level: float) -> None:
    assert confidence_at(0.95, look) == pytest.approx(level)


DAY = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
HERE, ELSEWHERE = "released here", "released elsewhere"
CANDIDATES = st.integers(0, 12).map(lambda number: (f"candidate {number}", {"adequate_at": 0.5}))


@given(
    st.lists(st.tuples(CANDIDATES, st.sampled_from([HERE, ELSEWHERE])), max_size=40),
    st.none() | st.integers(0, 40),
)
def test_looks_here__whatever_is_tried_elsewhere__err_together_no_more_than_one_gate_may(
    acts: list[tuple[tuple[str, dict[str, float]], str]], released: int | None
) -> None:
    """And each is at least the look that it was when only tries against this base counted."""
    since = None if released is None else DAY + datetime.timedelta(hours=released)
    tries: list[Try] = []
    here: dict[str, int] = {}
    for hour, (what, baseline) in enumerate(acts):
        number = look_number(tries, what, HERE, since)
        if baseline == HERE:
            assert here.setdefault(what[0], number) == number, "Run again, it is the same look."
            assert number >= 1 + list(here).index(what[0])
        tries.append(Try(what, baseline, DAY + datetime.timedelta(hours=hour)))
    assert sum(1 / (number * (number + 1)) for number in here.values()) <= 1 + 1e-12


def test_look__after_fifty_tries_elsewhere__is_the_fifty_first() -> None:
    tried = [Try((f"candidate {number}", {}), ELSEWHERE, DAY) for number in range(50)]
    for since, look in ((None, 51), (DAY, 51), (DAY + datetime.timedelta(days=1), 1)):
        assert look_number(tried, ("another", {}), HERE, since) == look
    assert look_number(tried, ("candidate 6", {}), HERE, None) == 7


def test_sentence__tells_what_the_look_does() -> None:
    assert look_sentence(0) == ""
    assert look_sentence(3) == (
        "Try 3 on this sealed share: a gate of 95% confidence passes at 99.58% and fails at 95%."
    )


def test_fifty_tries_on_noise__pass_by_luck_in_at_most_one_of_forty_cases() -> None:
    """Fifty candidates, each worse by exactly the margin: without the rule some pass nearly always.

    60 cases, of which 2.5 % may pass by luck; more than 6 do so in one of 1,000 such tests.
    """
    source = random.Random(20261130)
    lucky = {"each at 95 %": 0, "looks counted": 0}
    for _ in range(60):
        tries = [_noise(source) for _ in range(TRIES)]
        lucky["each at 95 %"] += any(_passes(sums, 0.95) for sums in tries)
        lucky["looks counted"] += any(
            _passes(sums, confidence_at(0.95, look)) for look, sums in enumerate(tries, 1)
        )
    assert lucky["looks counted"] <= 6
    assert lucky["each at 95 %"] > 30


def _noise(source: random.Random) -> ClusterSums:
    """A candidate's differences in quality, one a conversation, worse by the margin on average."""
    values = (round(source.gauss(-MARGIN, 0.3) * NANO) for _ in range(CONVERSATIONS))
    return ClusterSums.of((value, 1) for value in values)


def _passes(sums: ClusterSums, confidence: float) -> bool:
    interval = clustered_mean(sums, confidence).scaled(1 / NANO)
    return Limit("gte", -MARGIN).verdict(interval) == PASS


def test_look__of_a_gate_below_the_floor__is_raised_from_the_floor() -> None:
    """Else fifty looks at a gate of 50 % would err in a third of cases together."""
    asked = absolute("mean_quality", 0.5, confidence=0.5)
    loaded = held(rows_of(200, old=0.9, new=0.9))
    spent = 0.0
    for look in range(1, 51):
        report = loaded.report(always("old"), always("new", thresholds=[asked]), look=look)
        spent += 1 - only(report)["confidence"]
    assert 0.05 < spent <= 0.1


@pytest.mark.parametrize("look", [2, 4, 10])
def test_look__however_many__does_not_make_a_fail_uncertain(look: int) -> None:
    """A loss that is beyond the margin at 95 %, though not at the confidence of the look."""
    rows = rows_of(400, old=0.9, new=0.9)
    for item in rows:
        index = int(item["request_id"][1:])
        item["quality"] = float(item["model"] == "old" or index >= 14)
    loaded = held(rows)
    asked = gate("mean_quality", margin=0.018)
    first, later = (
        only(loaded.report(always("old"), always("new", thresholds=[asked]), look=number))
        for number in (0, look)
    )
    assert first["verdict"] == later["verdict"] == FAIL
    assert later["confidence"] == 0.95
    assert "95% interval" in later["reason"]


@pytest.mark.parametrize(("look", "verdict"), [(0, PASS), (10, INCONCLUSIVE)])
def test_look__a_pass__has_to_hold_at_its_confidence(look: int, verdict: str) -> None:
    loaded = held(rows_of(500, old=1.0, new=1.0))
    asked = gate("mean_quality", margin=0.01)
    found = only(loaded.report(always("old"), always("new", thresholds=[asked]), look=look))
    assert found["verdict"] == verdict
    assert found["confidence"] == pytest.approx(confidence_at(0.95, look))


@pytest.mark.parametrize(("dearer", "verdict"), [(1.0, PASS), (1.9, FAIL)])
def test_tenth_look__at_skewed_costs__is_bounded_both_ways(dearer: float, verdict: str) -> None:
    """Tenth looks are judged at 99.95 %, of which 255 replicates hold nothing."""
    source = random.Random(5)
    rows = []
    for i in range(400):
        cost = source.lognormvariate(0, 1.5) / 1000
        changed = cost * dearer * source.uniform(0.98, 1.02)
        for model, amount in (("old", cost), ("new", changed)):
            rows.append(row(f"r{i}", model, cost_usd=round(amount, 9)))
    asked = gate("mean_cost_usd", margin=0.2, relative=True)
    found = only(held(rows).report(always("old"), always("new", thresholds=[asked]), look=10))
    assert found["verdict"] == verdict, found["reason"]
