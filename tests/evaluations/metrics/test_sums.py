"""Exact sums over outcomes, and what counts as a fallback."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from evaluations.metrics.sums import Buckets, Sums, chain_of
from evaluations.models import Outcome

AMOUNTS = st.none() | st.integers(0, 10**15)
NAMES = st.sampled_from(["", "a", "b"])
OUTCOMES = st.lists(
    st.builds(
        Outcome,
        class_key=NAMES,
        labelled_class=NAMES,
        model=NAMES,
        served_model=NAMES,
        attempts=st.lists(st.fixed_dictionaries({"model": NAMES}), max_size=4),
        latency_us=AMOUNTS,
        cost_nusd=AMOUNTS,
        quality_nano=st.none() | st.integers(0, 10**9),
        input_tokens=AMOUNTS,
        output_tokens=AMOUNTS,
    ),
    max_size=30,
)


def sums_of(outcomes: list[Outcome]) -> Sums:
    sums = Sums()
    for outcome in outcomes:
        sums.add_outcome(outcome)
    return sums


@given(OUTCOMES, st.integers(0, 30), st.randoms())
def test_sums__of_any_partition__merge_to_the_sums_of_all(
    outcomes: list[Outcome], cut: int, dice: random.Random
) -> None:
    parts = [sums_of(outcomes[:cut]), sums_of(outcomes[cut:])]
    dice.shuffle(parts)
    assert Buckets(tuple(parts)).total == sums_of(outcomes)


def outcome(**fields: Any) -> Outcome:
    return Outcome(**{"model": "a", "served_model": "a", **fields})


def test_chain__retried_on_the_same_model__is_no_fallback() -> None:
    assert chain_of(outcome(attempts=[{"model": "a"}, {"model": "a"}])) == (2, 0)


def test_chain__over_three_models__has_two_hops() -> None:
    tried = [{"model": "a"}, {"model": "b"}, {"model": "c"}]
    assert chain_of(outcome(attempts=tried, served_model="c")) == (3, 2)


def test_chain__not_told_but_served_elsewhere__is_one_hop() -> None:
    assert chain_of(outcome(served_model="b")) == (2, 1)


def test_chain__refused_before_any_model__made_no_attempt() -> None:
    assert chain_of(outcome(model="", served_model="")) == (0, 0)


def test_sums__an_answer_of_half_quality__is_adequate() -> None:
    sums = sums_of([outcome(quality_nano=500_000_000), outcome(quality_nano=499_999_999)])
    assert (sums.counts.adequate, sums.counts.quality_known) == (1, 2)
