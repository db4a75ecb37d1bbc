"""Exact sums over outcomes: folded from outcomes once, then merged in any order.

Units: money in 10^-9 USD, quality in 10^-9, latency in microseconds, all whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import add
from typing import NamedTuple, Protocol, TypeVar

from evaluations.metrics import histogram
from policies.engine.outcomes.bins import bin_of
from policies.engine.outcomes.events import ADEQUATE_NANO

NANO = 1_000_000_000

T = TypeVar("T")


class Attempted(Protocol):
    """The part of an outcome that is summed; `evaluations.models.Outcome` is one."""

    class_key: str
    labelled_class: str
    model: str
    served_model: str
    attempts: list[dict[str, object]]
    latency_us: int | None
    input_tokens: int | None
    output_tokens: int | None
    cost_nusd: int | None
    quality_nano: int | None


class Summed(Protocol):
    """The part of a summary that is summed; `evaluations.models.OutcomeSummary` is one."""

    class_key: str
    labelled_class: str
    model: str
    served_model: str
    tried: list[str]
    requests: int
    quality_known: int
    quality_nano: int
    adequate: int
    cost_known: int
    cost_nusd: int
    latency_us: int
    latency_bins: list[int]
    input_tokens: int
    output_tokens: int


class Counts(NamedTuple):
    """The whole-number sums, named as the columns of `OutcomeRollup` are."""

    requests: int = 0
    errors: int = 0
    attempts: int = 0
    fallbacks: int = 0
    hops: int = 0
    quality_known: int = 0
    quality_nano: int = 0
    adequate: int = 0
    cost_known: int = 0
    cost_nusd: int = 0
    latency_known: int = 0
    latency_us: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    in_sums: int = 0

    def plus(self, values: Iterable[int]) -> Counts:
        """These sums and others, given in the same order."""
        return Counts._make(map(add, self, values))


COUNT_NAMES = Counts._fields


@dataclass(slots=True)
class Sums:
    """Counts, the latency histogram, and who was taken for what and served by whom."""

    counts: Counts = field(default_factory=Counts)
    latency: histogram.Bins = field(default_factory=dict)
    # (class, labelled class) → [requests, cost in nUSD of those whose cost is known]
    confusion: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    # model that answered → [requests, cost in nUSD]
    served: dict[str, list[int]] = field(default_factory=dict)

    def add_outcome(self, outcome: Attempted) -> None:
        """Fold one outcome in."""
        self.counts = self.counts.plus(counts_of(outcome))
        if outcome.latency_us is not None:
            histogram.add(self.latency, ((bin_of(outcome.latency_us), 1),))
        self._add_names(outcome, 1)

    def add_summary(self, summary: Summed) -> None:
        """Fold in what a router summed: the same as folding in each of its outcomes."""
        self.counts = self.counts.plus(counts_of_summary(summary))
        histogram.add_stored(self.latency, summary.latency_bins)
        self._add_names(summary, summary.requests)

    def add_late(self, outcome: Attempted, *, quality: bool, label: bool) -> None:
        """Fold in what was learnt later of an outcome that a summary counts: no request more."""
        nano = outcome.quality_nano if quality else None
        if nano is not None:
            late = Counts(quality_known=1, quality_nano=nano, adequate=int(nano >= ADEQUATE_NANO))
            self.counts = self.counts.plus(late)
        if label:
            self._add_label(outcome, 1)

    def _add_names(self, told: Attempted | Summed, requests: int) -> None:
        self._add_label(told, requests)
        if told.served_model:
            _raise_entry(self.served, told.served_model, requests, told.cost_nusd or 0)

    def _add_label(self, told: Attempted | Summed, requests: int) -> None:
        if told.labelled_class:
            pair = (told.class_key, told.labelled_class)
            _raise_entry(self.confusion, pair, requests, told.cost_nusd or 0)

    def add(self, other: Sums) -> None:
        """Merge other sums in."""
        self.counts = self.counts.plus(other.counts)
        histogram.add(self.latency, other.latency)
        for pair, (requests, cost) in other.confusion.items():
            _raise_entry(self.confusion, pair, requests, cost)
        for model, (requests, cost) in other.served.items():
            _raise_entry(self.served, model, requests, cost)

    def add_row(
        self,
        counts: Sequence[int],
        latency_bins: Sequence[int],
        labelled: Iterable[tuple[str, int, int]],
        *,
        class_key: str,
        served_model: str,
    ) -> None:
        """Merge a stored roll-up row in, given its columns."""
        self.counts = self.counts.plus(counts)
        histogram.add_stored(self.latency, latency_bins)
        for label, requests, cost in labelled:
            _raise_entry(self.confusion, (class_key, label), requests, cost)
        # A row of nothing but late feedback on sampled requests has none.
        if served_model and counts[_REQUESTS]:
            _raise_entry(self.served, served_model, counts[_REQUESTS], counts[_COST])

    def labelled_rows(self) -> list[list[str | int]]:
        """The stored form of the confusion of one class: [[labelled class, n, cost], …]."""
        return [[pair[1], *self.confusion[pair]] for pair in sorted(self.confusion)]


_REQUESTS = COUNT_NAMES.index("requests")
_COST = COUNT_NAMES.index("cost_nusd")


def _raise_entry(entries: dict[T, list[int]], key: T, requests: int, cost: int) -> None:
    entry = entries.setdefault(key, [0, 0])
    entry[0] += requests
    entry[1] += cost


def counts_of(outcome: Attempted) -> Counts:
    """The sums of a single outcome."""
    attempts, hops = chain_of(outcome)
    quality, cost, latency = outcome.quality_nano, outcome.cost_nusd, outcome.latency_us
    return Counts(
        requests=1,
        errors=int(not outcome.served_model),
        attempts=attempts,
        fallbacks=int(hops > 0),
        hops=hops,
        quality_known=int(quality is not None),
        quality_nano=quality or 0,
        adequate=int(quality is not None and quality >= ADEQUATE_NANO),
        cost_known=int(cost is not None),
        cost_nusd=cost or 0,
        latency_known=int(latency is not None),
        latency_us=latency or 0,
        input_tokens=outcome.input_tokens or 0,
        output_tokens=outcome.output_tokens or 0,
    )


def counts_of_summary(summary: Summed) -> Counts:
    """The sums of the outcomes that a summary stands for."""
    requests = summary.requests
    attempts, hops = chain(summary.tried, summary.model, summary.served_model)
    return Counts(
        requests=requests,
        errors=0 if summary.served_model else requests,
        attempts=requests * attempts,
        fallbacks=requests if hops else 0,
        hops=requests * hops,
        quality_known=summary.quality_known,
        quality_nano=summary.quality_nano,
        adequate=summary.adequate,
        cost_known=summary.cost_known,
        cost_nusd=summary.cost_nusd,
        latency_known=sum(summary.latency_bins[1::2]),
        latency_us=summary.latency_us,
        input_tokens=summary.input_tokens,
        output_tokens=summary.output_tokens,
        in_sums=requests,
    )


def chain_of(outcome: Attempted) -> tuple[int, int]:
    """(attempts made, further models tried) of one request."""
    tried = [str(attempt["model"]) for attempt in outcome.attempts]
    return chain(tried, outcome.model, outcome.served_model)


def chain(tried: Sequence[str], model: str, served_model: str) -> tuple[int, int]:
    """The same, by the model of each attempt, the one that was chosen and the one that answered.

    A chain visits a model at most once, so the further models are the distinct ones but the
    first. A router that reports no attempts made one, and one more where another model answered.
    """
    if tried:
        return len(tried), len(set(tried)) - 1
    if not model:
        return 0, 0  # refused before any model was tried
    elsewhere = bool(served_model) and served_model != model
    return 1 + elsewhere, int(elsewhere)


@dataclass(frozen=True)
class Buckets:
    """The sums of each bucket of a period, `per_day` of them a day, and of all of it."""

    parts: tuple[Sums, ...] = ()
    per_day: int = 1

    @cached_property
    def total(self) -> Sums:
        return _merged(self.parts)

    @cached_property
    def days(self) -> tuple[Sums, ...]:
        """The sums of each 24 hours from the start of the period."""
        if self.per_day == 1:
            return self.parts
        starts = range(0, len(self.parts), self.per_day)
        return tuple(_merged(self.parts[start : start + self.per_day]) for start in starts)


def _merged(parts: Iterable[Sums]) -> Sums:
    total = Sums()
    for part in parts:
        total.add(part)
    return total
