"""The value of each metric from sums, and its interval from the sums of each bucket of time.

Intervals are those of a ratio estimator with the buckets (hours or days) as clusters: requests
of one conversation, and of one bad hour, are not independent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from evaluations.metrics import histogram
from evaluations.metrics.sums import NANO, Buckets, Sums
from evaluations.statistics.clusters import ClusterSums
from evaluations.statistics.intervals import (
    Interval,
    clustered_mean,
    clustered_share,
    wilson,
)
from evaluations.statistics.percentiles import clustered_ranks
from evaluations.statistics.quantiles import normal_quantile

MICRO_PER_MILLI = 1000
PERCENTILES = {
    "latency_p50_ms": Fraction(50, 100),
    "latency_p95_ms": Fraction(95, 100),
    "latency_p99_ms": Fraction(99, 100),
}


@dataclass(frozen=True, slots=True)
class Context:
    """What the sums alone do not say.

    `ranks`: class → rank of its risk. `providers`: model → provider. `class_costs`: class →
    (requests, cost in nUSD) of requests rightly routed as it, in the whole period.
    """

    ranks: Mapping[str, int] = field(default_factory=dict)
    providers: Mapping[str, str] = field(default_factory=dict)
    class_costs: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A metric that is one whole number over another, divided by `unit`."""

    over: Callable[[Sums, Context], int]
    under: Callable[[Sums, Context], int]
    unit: int = 1
    is_share: bool = False


def misrouted(sums: Sums, context: Context, sign: int) -> int:
    """Labelled requests whose class has a higher (+1) or lower (-1) risk than their label's."""
    ranks = context.ranks
    return sum(
        entry[0]
        for (taken, label), entry in sums.confusion.items()
        if taken in ranks and label in ranks and (ranks[taken] - ranks[label]) * sign > 0
    )


def ranked(sums: Sums, context: Context) -> int:
    """Labelled requests whose two classes both have a known risk."""
    ranks = context.ranks
    return sum(
        entry[0]
        for (taken, label), entry in sums.confusion.items()
        if taken in ranks and label in ranks
    )


def labelled(sums: Sums, _context: Context) -> int:
    return sum(entry[0] for entry in sums.confusion.values())


def agreed(sums: Sums, _context: Context) -> int:
    return sum(entry[0] for (taken, label), entry in sums.confusion.items() if taken == label)


def _count(name: str) -> Callable[[Sums, Context], int]:
    return lambda sums, _context: int(getattr(sums.counts, name))


RATIOS: dict[str, Ratio] = {
    "mean_quality": Ratio(_count("quality_nano"), _count("quality_known"), NANO),
    "adequate_answer_rate": Ratio(_count("adequate"), _count("quality_known"), is_share=True),
    "under_classification_rate": Ratio(
        lambda sums, context: misrouted(sums, context, -1), ranked, is_share=True
    ),
    "class_agreement": Ratio(agreed, labelled, is_share=True),
    "error_rate": Ratio(_count("errors"), _count("requests"), is_share=True),
    "fallback_frequency": Ratio(_count("fallbacks"), _count("requests"), is_share=True),
    "fallback_depth": Ratio(_count("hops"), _count("requests")),
    "amplification": Ratio(_count("attempts"), _count("requests")),
    "mean_cost_usd": Ratio(_count("cost_nusd"), _count("cost_known"), NANO),
    "over_classification_rate": Ratio(
        lambda sums, context: misrouted(sums, context, 1), ranked, is_share=True
    ),
}


def provider_shares(sums: Sums, context: Context) -> dict[str, int]:
    """Requests answered by each provider; a model the catalogue lacks stands for itself."""
    shares: dict[str, int] = {}
    for model, (requests, _) in sums.served.items():
        provider = context.providers.get(model, model)
        shares[provider] = shares.get(provider, 0) + requests
    return shares


def concentration(sums: Sums, context: Context) -> float | None:
    """The Herfindahl–Hirschman index of the providers' shares, 0 to 1."""
    shares = provider_shares(sums, context)
    total = sum(shares.values())
    return sum(count * count for count in shares.values()) / total**2 if total else None


def over_classification_usd(sums: Sums, context: Context) -> float | None:
    """Dollars that over-classified requests cost beyond rightly routed ones of their label."""
    if not ranked(sums, context):
        return None
    ranks, wasted = context.ranks, Fraction(0)
    for (taken, label), (requests, cost) in sums.confusion.items():
        right = context.class_costs.get(label)
        if right and taken in ranks and label in ranks and ranks[taken] > ranks[label]:
            wasted += cost - Fraction(requests * right[1], right[0])
    return float(wasted / NANO)


def class_costs(sums: Sums) -> dict[str, tuple[int, int]]:
    """For `Context`: requests and cost of what was routed as its label says, by class."""
    return {
        label: (entry[0], entry[1])
        for (taken, label), entry in sums.confusion.items()
        if taken == label and entry[0]
    }


def value_of(name: str, sums: Sums, context: Context) -> float | None:
    """A metric's value in its own unit; None when nothing that it is of was reported."""
    if name in RATIOS:
        ratio = RATIOS[name]
        under = ratio.under(sums, context)
        return ratio.over(sums, context) / (under * ratio.unit) if under else None
    if name in PERCENTILES:
        found = histogram.percentile(sums.latency, PERCENTILES[name])
        return None if found is None else found / MICRO_PER_MILLI
    if name == "provider_concentration":
        return concentration(sums, context)
    return over_classification_usd(sums, context) if name == "over_classification_usd" else None


def samples_of(name: str, sums: Sums, context: Context) -> int:
    """How many requests a metric's value rests on."""
    if name in RATIOS:
        return RATIOS[name].under(sums, context)
    if name in PERCENTILES:
        return sums.counts.latency_known
    if name == "over_classification_usd":
        return ranked(sums, context)
    return sum(entry[0] for entry in sums.served.values())


def interval_of(
    name: str, buckets: Buckets, context: Context, confidence: float = 0.95
) -> Interval | None:
    """The metric over all buckets with its interval; None where none can be computed.

    A share's is Wilson's, which no share of exactly 0 or 1 makes vanish. Where all buckets have
    one and the same share, nothing shows that requests hang together, and each counts by itself.
    """
    found = _symmetric_interval(name, buckets, context, confidence)
    if found is None or name not in RATIOS or not RATIOS[name].is_share:
        return found
    sums = _ratio_sums(RATIOS[name], buckets, context)
    if found.standard_error == 0:
        return wilson(found.estimate, int(sums.requests), confidence)
    return clustered_share(sums, RATIOS[name].unit, confidence)


def _symmetric_interval(
    name: str, buckets: Buckets, context: Context, confidence: float
) -> Interval | None:
    """The same by the clusters' spread alone."""
    if name in PERCENTILES:
        return _percentile_interval(PERCENTILES[name], buckets, confidence)
    if name not in RATIOS:
        return None
    sums = _ratio_sums(RATIOS[name], buckets, context)
    if sums.clusters < 2:
        return None
    return clustered_mean(sums, confidence).scaled(1 / RATIOS[name].unit)


def _ratio_sums(ratio: Ratio, buckets: Buckets, context: Context) -> ClusterSums:
    pairs = [(ratio.over(part, context), ratio.under(part, context)) for part in buckets.parts]
    return ClusterSums.of(pair for pair in pairs if pair[1])


def _percentile_interval(p: Fraction, buckets: Buckets, confidence: float) -> Interval | None:
    """The ranks at p ± z·SE of the clustered share at or below the percentile.

    None where a rank lies outside the sample, so that the bound does not exist.
    """
    merged = buckets.total.latency
    index = histogram.percentile_bin(merged, p)
    if index is None:
        return None
    below = [
        (histogram.count_up_to(part.latency, index), part.counts.latency_known)
        for part in buckets.parts
        if part.latency
    ]
    sums = ClusterSums.of(below)
    if sums.clusters < 2:
        return None
    error = clustered_mean(sums, confidence).standard_error
    low_rank, high_rank = clustered_ranks(int(sums.requests), p, error, confidence)
    low = histogram.value_at_rank(merged, low_rank)
    high = histogram.value_at_rank(merged, high_rank)
    if low is None or high is None:
        return None
    spread = (high - low) / (2 * normal_quantile((1 + confidence) / 2))
    centre = histogram.MIDDLES[index]
    return Interval(centre, spread, low, high).scaled(1 / MICRO_PER_MILLI)
