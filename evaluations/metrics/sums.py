"""Exact sums over outcomes: folded from outcomes once, then merged in any order.

Units: money in 10^-9 USD, quality in 10^-9, latency in microseconds, all whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Protocol, TypeVar

from evaluations.metrics import histogram

NANO = 1_000_000_000
# From this quality on an answer counts as adequate: the request did not need a better model.
ADEQUATE_NANO = NANO // 2

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


@dataclass(slots=True)
class Counts:
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

    def add(self, values: Iterable[int]) -> None:
        """Add sums given in the order of `COUNT_NAMES`."""
        for name, value in zip(COUNT_NAMES, values, strict=True):
            setattr(self, name, getattr(self, name) + value)

    def as_tuple(self) -> tuple[int, ...]:
        return tuple(getattr(self, name) for name in COUNT_NAMES)


COUNT_NAMES = tuple(entry.name for entry in fields(Counts))


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
        counts = self.counts
        attempts, hops = chain_of(outcome)
        counts.requests += 1
        counts.errors += not outcome.served_model
        counts.attempts += attempts
        counts.fallbacks += hops > 0
        counts.hops += hops
        counts.input_tokens += outcome.input_tokens or 0
        counts.output_tokens += outcome.output_tokens or 0
        if outcome.quality_nano is not None:
            counts.quality_known += 1
            counts.quality_nano += outcome.quality_nano
            counts.adequate += outcome.quality_nano >= ADEQUATE_NANO
        if outcome.cost_nusd is not None:
            counts.cost_known += 1
            counts.cost_nusd += outcome.cost_nusd
        if outcome.latency_us is not None:
            counts.latency_known += 1
            counts.latency_us += outcome.latency_us
            histogram.add(self.latency, ((histogram.bin_of(outcome.latency_us), 1),))
        self._add_names(outcome)

    def _add_names(self, outcome: Attempted) -> None:
        cost = outcome.cost_nusd or 0
        if outcome.labelled_class:
            _raise_entry(self.confusion, (outcome.class_key, outcome.labelled_class), 1, cost)
        if outcome.served_model:
            _raise_entry(self.served, outcome.served_model, 1, cost)

    def add(self, other: Sums) -> None:
        """Merge other sums in."""
        self.counts.add(other.counts.as_tuple())
        histogram.add(self.latency, other.latency)
        for pair, (requests, cost) in other.confusion.items():
            _raise_entry(self.confusion, pair, requests, cost)
        for model, (requests, cost) in other.served.items():
            _raise_entry(self.served, model, requests, cost)

    def add_row(
        self,
        counts: Iterable[int],
        latency_bins: Iterable[tuple[int, int]],
        labelled: Iterable[tuple[str, int, int]],
        *,
        class_key: str,
        served_model: str,
    ) -> None:
        """Merge a stored roll-up row in, given its columns."""
        values = tuple(counts)
        self.counts.add(values)
        histogram.add(self.latency, latency_bins)
        for label, requests, cost in labelled:
            _raise_entry(self.confusion, (class_key, label), requests, cost)
        if served_model:
            _raise_entry(self.served, served_model, values[_REQUESTS], values[_COST])

    def labelled_rows(self) -> list[list[str | int]]:
        """The stored form of the confusion of one class: [[labelled class, n, cost], …]."""
        return [[pair[1], *self.confusion[pair]] for pair in sorted(self.confusion)]


_REQUESTS = COUNT_NAMES.index("requests")
_COST = COUNT_NAMES.index("cost_nusd")


def _raise_entry(entries: dict[T, list[int]], key: T, requests: int, cost: int) -> None:
    entry = entries.setdefault(key, [0, 0])
    entry[0] += requests
    entry[1] += cost


def chain_of(outcome: Attempted) -> tuple[int, int]:
    """(attempts made, further models tried) of one request.

    A chain visits a model at most once, so the further models are the distinct ones but the
    first. A router that reports no attempts made one, and one more where another model answered.
    """
    if outcome.attempts:
        tried = {str(attempt["model"]) for attempt in outcome.attempts}
        return len(outcome.attempts), len(tried) - 1
    if not outcome.model:
        return 0, 0  # refused before any model was tried
    elsewhere = bool(outcome.served_model) and outcome.served_model != outcome.model
    return 1 + elsewhere, int(elsewhere)


@dataclass(frozen=True)
class Buckets:
    """The sums of each hour or day of a period, and of all of it."""

    parts: tuple[Sums, ...] = ()

    @cached_property
    def total(self) -> Sums:
        total = Sums()
        for part in self.parts:
            total.add(part)
        return total
