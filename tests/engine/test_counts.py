"""Breaker and retry budget: the golden vectors, a second definition, and what must always hold."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine import FAILURE_KINDS, Runtime
from policies.engine.breaker import COUNTED_AS_ANSWERED, COUNTED_AS_FAILED, CircuitBreaker
from policies.engine.counts import Counts
from policies.engine.fallback import Breaker, Limits, RetryBudget
from policies.engine.retry_bucket import RetryBucket
from tests.benchmarks.agreement.answers import carry_out, counts_of
from tests.engine.counting import ListedBreaker, ListedBucket

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
CASES = [
    case
    for name in ("breakers.json", "budgets.json")
    for case in json.loads((VECTORS / name).read_text(encoding="utf-8"))["cases"]
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_counts__events_of_the_vectors__give_the_expected_runtime(case: dict[str, Any]) -> None:
    counts = counts_of(case)
    for step in case["steps"]:
        runtime = carry_out(counts, step)
        assert {name: runtime[name] for name in step["expect"]} == step["expect"], step


def test_failure_kinds__for_the_breaker__are_failures_or_answers_or_say_nothing() -> None:
    assert not set(COUNTED_AS_FAILED) & set(COUNTED_AS_ANSWERED)
    silent = set(FAILURE_KINDS) - set(COUNTED_AS_FAILED) - set(COUNTED_AS_ANSWERED)
    assert silent == {"budget_exceeded"}


breakers = st.builds(
    Breaker,
    failure_ratio=st.sampled_from((1e-9, 0.07, 0.5, 2 / 3, 1)),
    min_requests=st.integers(1, 5),
    window_s=st.sampled_from((0.0001, 0.0125, 0.1, 1, 30)),
    cooldown_s=st.sampled_from((0, 0.004, 0.05, 15)),
)
PAUSES = (0, 0, 0, 1, 1, 1, 2, 3, 10, 50, 100, 1000, 3000, 15_000, -5)
KINDS = (None, None, "timeout", "timeout", "timeout", "bad_request", "budget_exceeded")


@given(breakers, st.integers(0, 2**32))
def test_breaker__any_events__is_open_when_the_list_of_them_says_so(
    settings: Breaker, seed: int
) -> None:
    counted, listed, rng, at = CircuitBreaker(settings), ListedBreaker(settings), Random(seed), 0
    for _ in range(120):
        at = max(at + rng.choice(PAUSES), 0)
        what, kind = rng.choice(("begin", "end", "end", "ask")), rng.choice(KINDS)
        if what == "begin":
            counted.begin(at)
            listed.begin(at)
        elif what == "end":
            counted.end(at, kind)
            listed.end(at, kind)
        else:
            assert counted.allows(at) == listed.allows(at)


budgets = st.builds(
    RetryBudget,
    ratio=st.sampled_from((0, 0.1, 1 / 3, 0.5, 2.5, 10)),
    min_per_second=st.sampled_from((0, 0.05, 1, 1 / 3, 40, 10**7)),
)


@given(budgets, st.integers(0, 2**32))
def test_retry_bucket__any_events__allows_what_the_list_of_them_says(
    settings: RetryBudget, seed: int
) -> None:
    counted, listed, rng, at = RetryBucket(settings), ListedBucket(settings), Random(seed), 0
    for _ in range(80):
        at = max(at + rng.choice(PAUSES), 0)
        what = rng.choice(("request", "retry", "retry", "ask"))
        if what != "ask":
            getattr(counted, what)(at)
            getattr(listed, what)(at)
        else:
            assert counted.allows(at) == listed.allows(at)


@given(budgets, st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 5)), max_size=60))
def test_retry_bucket__as_many_retries_as_it_allows__keeps_to_share_and_rate_in_any_time(
    settings: RetryBudget, seconds: list[tuple[int, int]]
) -> None:
    bucket, at = RetryBucket(settings), 0
    made: list[tuple[int, int, int]] = []  # time, requests, retries
    for pause, requests in seconds:
        at += pause
        for _ in range(requests):
            bucket.request(at)
        retries = 0
        while retries < 100 and bucket.allows(at):
            bucket.retry(at)
            retries += 1
        made.append((at, requests, retries))
    rate = min(settings.min_per_second, 1_000_000) + 1e-6
    for first in range(len(made)):
        span = made[first:]
        asked = sum(requests for _, requests, _ in span[1:])
        duration = (span[-1][0] - span[0][0]) / 1000
        most = 10 + rate + settings.ratio * asked + rate * duration
        assert sum(retries for _, _, retries in span) <= most + settings.ratio * span[0][1] + 1e-6


def test_counts__next_release__go_on_where_the_limits_are_the_same() -> None:
    before = Limits(
        breaker=Breaker(min_requests=1, failure_ratio=1), retry_budget=RetryBudget(0, 0)
    )
    counts = Counts(before)
    counts.end(0, "m1", "timeout")
    for _ in range(10):
        counts.begin(0, "m2", retry=True)
    same = counts.under(before).runtime(1)
    assert same == Runtime(frozenset({"m1"}), retry_allowed=False)
    other_breaker = Limits(breaker=Breaker(), retry_budget=before.retry_budget)
    runtime = counts.under(other_breaker).runtime(1)
    assert runtime == Runtime(frozenset(), retry_allowed=False)
    other_budget = Limits(breaker=before.breaker, retry_budget=RetryBudget(0.2, 0))
    runtime = counts.under(other_budget).runtime(1)
    assert runtime == Runtime(frozenset({"m1"}), retry_allowed=True)
