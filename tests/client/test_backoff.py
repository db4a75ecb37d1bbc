"""Routers do not come back all at once, nor sooner than they were asked to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policies.client.backoff import pause_s
from policies.client.long_polling import LongPolling

fractions = st.floats(0, 1, exclude_max=True)


@given(st.floats(0.05, 3600), fractions)
def test_pause__after_success__is_the_interval_within_a_tenth(
    interval: float, fraction: float
) -> None:
    pause = pause_s(interval, 0, 0, lambda: fraction)
    assert 0.899 * interval <= pause <= 1.101 * interval


@given(st.floats(0.05, 3600), st.integers(1, 10_000), st.floats(0, 3600), fractions)
def test_pause__after_failures__stays_within_its_bounds(
    interval: float, failures: int, wish: float, fraction: float
) -> None:
    pause = pause_s(interval, failures, wish, lambda: fraction)
    assert max(0.5, wish) <= pause <= max(60, interval, wish + min(wish / 2, 60))


@given(st.integers(1, 10_000), st.floats(0.1, 3600))
def test_pause__retry_after_that_all_were_told_at_once__does_not_bring_them_back_in_step(
    failures: int, wish: float
) -> None:
    first = pause_s(15, failures, wish, lambda: 0.0)
    last = pause_s(15, failures, wish, lambda: 0.9999)
    assert last - first >= 0.99 * min(wish / 2, 60)


@given(st.floats(0.1, 3600))
def test_pause__retry_after_of_a_poll_that_was_held__is_spread_as_wide(wish: float) -> None:
    def pause(fraction: float) -> float:
        return LongPolling(25, 15).pause_s(
            prompt=True, took_s=1, failures=0, retry_after_s=wish, random=lambda: fraction
        )

    assert pause(0.0) >= wish
    assert pause(0.9999) - pause(0.0) >= 0.99 * min(wish / 2, 60)


def test_pause__each_failure_more__doubles_it() -> None:
    pauses = [pause_s(15, failures, 0, lambda: 0.0) for failures in range(1, 9)]
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]
