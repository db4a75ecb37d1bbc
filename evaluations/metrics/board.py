"""A scorecard's metrics, each with value, targets, trend and its line over time. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from evaluations.metrics import change, formats
from evaluations.metrics.change import History
from evaluations.metrics.definitions import DEFINITIONS, MEANINGS
from evaluations.metrics.measures import Context, samples_of, value_of
from evaluations.metrics.periods import Window
from evaluations.metrics.sums import Buckets, Sums
from evaluations.metrics.targets import (
    NOT_JUDGED,
    Evidence,
    Target,
    applicable,
    hardest,
    target_of,
    target_of_value,
)
from evaluations.metrics.trend import Trend, trends_of
from policies.engine.metrics import Metric
from policies.engine.thresholds import Threshold
from policies.wording.sentences import bound_text

Point = tuple[datetime.datetime, float | None]
EVERYTHING = ""


class RollupRow(NamedTuple):
    """A stored roll-up row, as read."""

    start: datetime.datetime
    class_key: str
    model: str
    served_model: str
    release_digest: str
    counts: tuple[int, ...]
    latency_bins: list[int]
    labelled: list[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One metric over one period."""

    metric: Metric
    value: float | None
    samples: int
    targets: tuple[Target, ...] = ()
    trend: Trend | None = None
    series: tuple[Point, ...] = ()

    @property
    def name(self) -> str:
        return self.metric.name

    @property
    def label(self) -> str:
        return self.metric.label

    @property
    def meaning(self) -> str:
        return MEANINGS[self.metric.name]

    @property
    def text(self) -> str:
        return formats.value_text(self.metric.unit, self.value)

    @property
    def target(self) -> Target | None:
        return hardest(self.targets)

    @property
    def verdict(self) -> str:
        """pass, fail, inconclusive or missing; empty when there is nothing to judge here."""
        target = self.target
        return "" if target is None or target.verdict == NOT_JUDGED else target.verdict

    @property
    def target_text(self) -> str:
        """≥ 85.0%; where no level is known, what the threshold says."""
        target = self.target
        if target is None:
            return ""
        if target.bound is None:
            return bound_text(target.threshold.to_json())
        return formats.target_text(target.threshold.op, self.metric.unit, target.bound)

    @property
    def is_relative(self) -> bool:
        """Whether the target is a margin to the preceding period."""
        target = self.target
        return target is not None and target.bound is not None and target.threshold.needs_baseline

    @property
    def trend_text(self) -> str:
        """+1.2 pp, or what keeps it from being told."""
        if self.trend is None:
            return "Not enough data"
        return formats.change_text(self.metric.unit, self.trend.change)

    @property
    def trend_interval(self) -> str:
        trend = self.trend
        if trend is None or trend.low is None or trend.high is None:
            return ""
        low, high = (formats.change_text(self.metric.unit, end) for end in (trend.low, trend.high))
        return f"{low} to {high}"

    @property
    def trend_reading(self) -> str:
        """better, worse, unclear; empty when there is nothing to compare."""
        return self.trend.reading(self.metric.better) if self.trend else ""

    @property
    def values(self) -> list[float | None]:
        """The line without its times, for a sparkline."""
        return [value for _, value in self.series]


@dataclass(frozen=True, slots=True)
class Marker:
    """A release that came into force within the period."""

    at: datetime.datetime
    number: int
    is_rollback: bool

    @property
    def label(self) -> str:
        return f"#{self.number} rollback" if self.is_rollback else f"#{self.number}"


@dataclass(frozen=True, slots=True)
class Board:
    """What the metrics are computed from."""

    window: Window
    starts: Sequence[datetime.datetime]
    current: Buckets
    previous: Buckets
    context: Context
    thresholds: tuple[Threshold, ...] = ()
    class_key: str = EVERYTHING
    history: History = field(default_factory=History)

    def metrics(self, names: Iterable[str]) -> list[MetricValue]:
        """These metrics, in this order; their trends are judged together."""
        definitions = [DEFINITIONS[name] for name in names]
        measured = tuple(found.name for found in definitions if found.layer != "change")
        trends = trends_of(measured, self.current, self.previous, self.context)
        return [
            self._change_metric(found)
            if found.layer == "change"
            else self._measured(found, trends.get(found.name))
            for found in definitions
        ]

    def _measured(self, definition: Metric, trend: Trend | None) -> MetricValue:
        name = definition.name
        evidence = Evidence(self.current, self.previous, self.context)
        asked = applicable(self.thresholds, name, self.class_key)
        return MetricValue(
            definition,
            value_of(name, self.current.total, self.context),
            samples_of(name, self.current.total, self.context),
            tuple(target_of(threshold, evidence) for threshold in asked),
            trend,
            tuple(
                (start, value_of(name, part, self.context))
                for start, part in zip(self.starts, self.current.parts, strict=True)
            ),
        )

    def _change_metric(self, definition: Metric) -> MetricValue:
        name, window = definition.name, self.window
        value = change.value_of(name, self.history, window)
        before = change.value_of(name, self.history, window.preceding)
        asked = applicable(self.thresholds, name, EVERYTHING)
        return MetricValue(
            definition,
            value,
            change.samples_of(name, self.history, window),
            tuple(target_of_value(threshold, value, before) for threshold in asked),
            _plain_trend(value, before),
            tuple(change.series_of(name, self.history, window)),
        )


def _plain_trend(value: float | None, before: float | None) -> Trend | None:
    """The change of a plain value, to a thousandth: less, of an hour, is seconds."""
    if value is None or before is None:
        return None
    return Trend(before, round(value - before, 3))


def bucketed(rows: Iterable[RollupRow], window: Window) -> Buckets:
    """Merge rows into one part per bucket of a window, empty buckets too."""
    parts = tuple(Sums() for _ in window.buckets)
    for row in rows:
        index = window.index(row.start)
        if index is not None:
            _merge(parts[index], row)
    return Buckets(parts, window.per_day)


def grouped(rows: Iterable[RollupRow], key: Callable[[RollupRow], str]) -> dict[str, Sums]:
    """Merge rows by class, model or release, the most requests first."""
    groups: dict[str, Sums] = {}
    for row in rows:
        _merge(groups.setdefault(key(row), Sums()), row)
    return dict(sorted(groups.items(), key=lambda item: (-item[1].counts.requests, item[0])))


def _merge(into: Sums, row: RollupRow) -> None:
    into.add_row(
        row.counts,
        row.latency_bins,
        row.labelled,
        class_key=row.class_key,
        served_model=row.served_model,
    )
