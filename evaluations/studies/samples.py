"""Made-up samples whose truth is known: a loss exactly as large as the margin, or none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from random import Random
from statistics import NormalDist

from evaluations.replay.outcome import NANO
from evaluations.studies.deciding import Cluster

Clusters = list[Cluster]
# (source, requests, loss: 1 as large as the margin, 0 none) → one sample.
Draw = Callable[[Random, int, int], Clusters]
Sizes = Callable[[Random, int], Iterator[int]]
_MICRO = 1_000_000
_SPREAD = 0.5  # of the logarithm of costs and latencies


def alone(_source: Random, n: int) -> Iterator[int]:
    """Every request a conversation of its own."""
    yield from (1 for _ in range(n))


def up_to_twenty(source: Random, n: int) -> Iterator[int]:
    """Conversations of 1 to 20 requests, each size as likely."""
    while n > 0:
        size = min(n, source.randint(1, 20))
        yield size
        n -= size


def of_ten(_source: Random, n: int) -> Iterator[int]:
    """Conversations of 10 requests."""
    yield from (min(10, n - start) for start in range(0, n, 10))


def one_of_a_third(source: Random, n: int) -> Iterator[int]:
    """One conversation holds 30 % of the requests, the others 1 to 8."""
    largest = n * 3 // 10
    yield largest
    n -= largest
    while n > 0:
        size = min(n, source.randint(1, 8))
        yield size
        n -= size


def zipf(_source: Random, n: int) -> Iterator[int]:
    """The k-th largest conversation is a k-th as large as the largest, which holds 8 %."""
    rank, largest = 1, max(1, n * 8 // 100)
    while n > 0:
        size = min(n, max(1, largest // rank))
        yield size
        n, rank = n - size, rank + 1


def graded(sizes: Sizes, margin: float) -> Draw:
    """Graded qualities that differ by up to 0.3, a part of it shared by the conversation."""

    def draw(source: Random, n: int, loss: int) -> Clusters:
        return [
            [_graded_pair(source, shared, margin * loss) for _ in range(size)]
            for size in sizes(source, n)
            for shared in (source.uniform(-0.1, 0.1),)
        ]

    return draw


def _graded_pair(source: Random, shared: float, loss: float) -> tuple[int, int]:
    before = source.uniform(0.4, 0.6)
    after = before + shared + source.uniform(-0.2, 0.2) - loss
    return round(before * NANO), round(after * NANO)


def lost_wholly(share: float) -> Draw:
    """Graded qualities that stay as they are, but a share of requests is worth nothing."""

    def draw(source: Random, n: int, loss: int) -> Clusters:
        return [
            [(before, 0 if source.random() < share * loss else before)]
            for _ in range(n)
            for before in (NANO - source.randrange(1000),)
        ]

    return draw


def bursts(sizes: Sizes, margin: float, within: float) -> Draw:
    """Errors that only some conversations meet, and there a share `within` of requests."""

    def draw(source: Random, n: int, loss: int) -> Clusters:
        return [
            [(0, int(bad and source.random() < within)) for _ in range(size)]
            for size in sizes(source, n)
            for bad in (source.random() < margin * loss / within,)
        ]

    return draw


def counts(sizes: Sizes, share: float, usual: int, most: int) -> Draw:
    """A share of conversations needs more attempts than usual, or lies deeper in the chain."""

    def draw(source: Random, n: int, loss: int) -> Clusters:
        return [
            [(usual, count)] * size
            for size in sizes(source, n)
            for count in (most if source.random() < share * loss else usual,)
        ]

    return draw


def providers(sizes: Sizes, moved: float) -> Draw:
    """Two providers with half of the conversations each; a share of all moves to the first."""

    def draw(source: Random, n: int, loss: int) -> Clusters:
        clusters: Clusters = []
        for size in sizes(source, n):
            at = source.random()
            clusters.append([(int(at < 0.5), int(at < 0.5 + moved * loss))] * size)
        return clusters

    return draw


def escalating(sizes: Sizes, share: float, times: float) -> Draw:
    """A share of conversations costs so many times as much."""
    return _grown(sizes, share, times)


def _grown(sizes: Sizes, share: float, times: float) -> Draw:
    def draw(source: Random, n: int, loss: int) -> Clusters:
        return [
            [(value, round(value * by)) for _ in range(size) for value in (_usual(source),)]
            for size in sizes(source, n)
            for by in (times if source.random() < share * loss else 1,)
        ]

    return draw


def _usual(source: Random) -> int:
    return _lognormal(source, _SPREAD)


def dearer(spread: float, margin: float) -> Draw:
    """Lognormal costs, each changed by some 20 % either way and by the margin."""

    def draw(source: Random, n: int, loss: int) -> Clusters:
        return [
            [(cost, round(cost * (1 + margin * loss) * math.exp(source.gauss(-0.02, 0.2))))]
            for _ in range(n)
            for cost in (_lognormal(source, spread),)
        ]

    return draw


def shifted(cheaper: float, dearer: float) -> Draw:
    """A share of requests goes to a model at a tenth of the cost, and another to one at five times;
    costs are lognormal, σ 1.
    """

    def draw(source: Random, n: int, loss: int) -> Clusters:
        clusters: Clusters = []
        for _ in range(n):
            cost, at = _lognormal(source, 1.0), source.random()
            by = 0.1 if at < cheaper else 5 if at > 1 - dearer * loss else 1
            clusters.append([(cost, round(cost * by))])
        return clusters

    return draw


def of_mean_one(spread: float) -> Draw:
    """Lognormal costs of the candidate of 1 on average, or of 0.7 without a loss, in 10⁻³ USD."""

    def draw(source: Random, n: int, loss: int) -> Clusters:
        centre = 1 if loss else 0.7
        costs = (
            centre * _MICRO * math.exp(source.gauss(-spread * spread / 2, spread)) for _ in range(n)
        )
        return [[(0, round(cost))] for cost in costs]

    return draw


def slower(sizes: Sizes, share: float, times: float) -> Draw:
    """A share of conversations goes to a model so many times as slow."""
    return _grown(sizes, share, times)


def usual_p95() -> float:
    """The 95th percentile where nothing is slower, in ms."""
    return _MICRO / 1000 * math.exp(NormalDist(0, _SPREAD).inv_cdf(0.95))


def slower_p95(share: float, times: float) -> float:
    """By what share the 95th percentile is then longer, to 12 digits."""
    law = NormalDist(0, _SPREAD)
    before, low, high = law.inv_cdf(0.95), 0.0, 20.0
    for _ in range(100):
        middle = (low + high) / 2
        below = (1 - share) * law.cdf(middle) + share * law.cdf(middle - math.log(times))
        low, high = (middle, high) if below < 0.95 else (low, middle)
    return math.exp(low - before) - 1


def nearly_equal(share: float, margin: float) -> Draw:
    """A share of requests has another latency of the same law; all are slower by the margin."""

    def draw(source: Random, n: int, loss: int) -> Clusters:
        clusters: Clusters = []
        for _ in range(n):
            before = _lognormal(source, _SPREAD)
            after = _lognormal(source, _SPREAD) if source.random() < share else before
            clusters.append([(before, round(after * (1 + margin * loss)))])
        return clusters

    return draw


def ticking(step_ms: int) -> Draw:
    """Latencies told in whole steps; both sides share a half, and one step is the margin."""

    def draw(source: Random, n: int, loss: int) -> Clusters:
        clusters: Clusters = []
        step = step_ms * 1000
        for _ in range(n):
            shared = source.expovariate(1 / 400)
            ticks = [math.ceil((shared + source.expovariate(1 / 400)) / step_ms) for _ in "bc"]
            clusters.append([(ticks[0] * step, (ticks[1] + loss) * step)])
        return clusters

    return draw


def _lognormal(source: Random, spread: float) -> int:
    return round(source.lognormvariate(0, spread) * _MICRO)
