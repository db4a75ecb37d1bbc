"""How often one token may ask."""

from __future__ import annotations

import dataclasses
import json
import math

from hypothesis import given
from hypothesis import strategies as st

from policies.delivery.limits import Bucket, RateLimit, TokenBuckets, jittered
from policies.delivery.memory import token_key
from tests.delivery.test_waiting import HOLDINGS, TOKEN
from tests.services import loops
from tests.services.plane import ask, plane_with

LIMIT = RateLimit(per_second=0.001, burst=3)


@given(
    st.integers(1, 50),
    st.integers(1, 50),
    st.lists(st.integers(0, 3000), min_size=1, max_size=200),
)
def test_bucket__any_moments__lets_through_what_a_counted_bucket_would(
    per_second: int, burst: int, gaps: list[int]
) -> None:
    """Against a bucket that counts thousandths of a request in whole numbers."""
    limit = RateLimit(per_second, burst)
    bucket, left, now = Bucket(), burst * 1000, 0
    for gap in gaps:
        now += gap
        left = min(left + gap * per_second, burst * 1000)
        # A hair to the good side, for what floats cannot say exactly.
        taken = bucket.take(now / 1000 + 1e-9, limit.refill_s, limit.depth_s + 1e-6)
        assert taken == (left >= 1000)
        left -= 1000 * taken


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 100), st.floats(0, 1e7))
def test_buckets__that_owe_any_amount__take_the_next_one_after_the_wait_told(
    per_second: int, burst: int, amount: int, began: float
) -> None:
    now = began
    buckets = TokenBuckets(RateLimit(per_second, burst), lambda: now)
    assert buckets.take(1) == 0
    buckets.owe(1, amount)
    wait_s = buckets.take(1)
    if amount + 2 != burst:  # where a float cannot say which side it is on
        assert (wait_s == 0) == (amount + 2 < burst)
    if wait_s:
        assert wait_s <= (amount + 2 - burst) / per_second + 1
        now += wait_s
        assert buckets.take(1) == 0
    assert buckets.take(2) == 0


def test_token__that_asks_too_often__is_429_and_told_when_to_return_and_others_go_on() -> None:
    plane = plane_with(HOLDINGS, limit=LIMIT)
    replies = [loops.run(ask(plane, {"authorization": "Bearer rcr_a"})) for _ in range(5)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert replies[-1].headers["retry-after"] == "1"
    assert json.loads(replies[-1].body)["title"] == "Too Many Requests"
    assert loops.run(ask(plane, {"authorization": "Bearer rcr_b"})).status == 200


def test_token__in_any_spelling_and_method__has_one_limit() -> None:
    plane = plane_with(HOLDINGS, limit=LIMIT)
    for scheme, method in [("Bearer", "HEAD"), ("bearer ", "GET"), ("Bearer", "GET")]:
        reply = loops.run(ask(plane, {"authorization": f"{scheme} rcr_a"}, method))
        assert reply.status == 200
    assert loops.run(ask(plane, {"authorization": "BEARER rcr_a"}, "HEAD")).status == 429


def test_limit__after_everything_was_loaded_again__is_still_used_up() -> None:
    plane = plane_with(HOLDINGS, limit=LIMIT)
    for _ in range(4):
        loops.run(ask(plane, {"authorization": "Bearer rcr_a"}))
    renewed = {**HOLDINGS.tokens, token_key(b"rcr_a"): dataclasses.replace(TOKEN)}
    plane.adopt(dataclasses.replace(HOLDINGS, tokens=renewed))
    assert loops.run(ask(plane, {"authorization": "Bearer rcr_a"})).status == 429


def test_jitter__spreads_over_as_long_again() -> None:
    waits = {jittered(10) for _ in range(2000)}
    assert waits == set(range(10, 21))
    assert math.isfinite(sum(waits))
