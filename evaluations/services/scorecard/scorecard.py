"""The scorecard of an environment: roll-ups and records in, four layers out."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from evaluations.metrics.board import (
    EVERYTHING,
    Board,
    Marker,
    MetricValue,
    RollupRow,
    bucketed,
    grouped,
)
from evaluations.metrics.change import History
from evaluations.metrics.definitions import DEFINITIONS, LAYERS
from evaluations.metrics.measures import Context, class_costs, labelled, provider_shares, value_of
from evaluations.metrics.periods import DAY, DEFAULT_PERIOD, PERIODS, Window, floor, window_of
from evaluations.metrics.sums import Counts, Sums
from evaluations.services.scorecard import measured
from evaluations.services.scorecard.measured import NOTHING, InForce
from policies.engine.outcomes.values import OTHER
from policies.engine.thresholds import Threshold
from policies.models import Environment, Release
from policies.models.releases import ReleaseKind

HEADLINE = ("mean_quality", "error_rate", "latency_p95_ms", "mean_cost_usd")
HEADLINE_LENGTH = 14 * DAY


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked at; empty means everything. `release` is the digest of a bundle."""

    period: str = DEFAULT_PERIOD
    class_key: str = EVERYTHING
    model: str = EVERYTHING
    release: str = EVERYTHING

    def __post_init__(self) -> None:
        if self.period not in PERIODS:
            raise ValueError(f"must be one of {', '.join(PERIODS)}")

    @property
    def is_narrow(self) -> bool:
        return bool(self.class_key or self.model or self.release)

    def admits(self, row: RollupRow) -> bool:
        return (
            (not self.class_key or row.class_key == self.class_key)
            and (not self.model or row.model == self.model)
            and (not self.release or row.release_digest == self.release)
        )


@dataclass(frozen=True, slots=True)
class Layer:
    key: str
    label: str
    metrics: tuple[MetricValue, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One class, model or release: a row of a breakdown. Values are None where unknown."""

    key: str
    label: str
    requests: int
    quality: float | None
    error_rate: float | None
    latency_p95_ms: float | None
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Option:
    """An entry of a filter."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be filtered by, whether or not it is."""

    classes: tuple[Option, ...]
    models: tuple[Option, ...]
    releases: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Everything the page and the API show of one environment and period."""

    environment: Environment
    filters: Filters
    window: Window
    layers: tuple[Layer, ...]
    markers: tuple[Marker, ...]
    requests: int
    # Those of them that routers told in sums of a minute alone.
    requests_in_sums: int
    with_quality: int
    with_label: int
    # Requests marked as counted in sums that no sums count, of which feedback is counted.
    only_feedback: int
    confusion: Mapping[tuple[str, str], Sequence[int]]
    class_labels: Mapping[str, str]
    providers: Mapping[str, int]
    by_class: tuple[Part, ...]
    by_model: tuple[Part, ...]
    by_release: tuple[Part, ...]
    choices: Choices
    # Requests with a name beyond what a router token may bring, which counts as "other".
    with_other_names: int
    # Thresholds in force on metrics that outcomes do not show.
    unmeasured: tuple[Threshold, ...]

    @property
    def metrics(self) -> list[MetricValue]:
        return [metric for layer in self.layers for metric in layer.metrics]

    @property
    def judged_together(self) -> int:
        """Trends among which the chance of any false word is held."""
        return sum(found.trend is not None and found.trend.has_interval for found in self.metrics)


def scorecard(environment: Environment, filters: Filters, *, now: datetime.datetime) -> Scorecard:
    """Five queries, however much there is."""
    window = window_of(filters.period, now)
    rows = measured.rollup_rows([environment], window)[environment.pk]
    active = measured.active_releases([environment]).get(environment.pk)
    force = measured.in_force(active) if active else NOTHING
    releases = measured.releases_of(environment)
    history = measured.history_of(environment, releases)
    providers = measured.providers_by_model()
    board = _board(window, rows, filters, force, providers, history)
    within = [row for row in rows if window.holds(row.start)]
    shown = [row for row in within if filters.admits(row)]
    names = _release_names(releases)
    total = board.current.total
    return Scorecard(
        environment=environment,
        filters=filters,
        window=window,
        layers=_layers(board),
        markers=_markers(releases, window),
        requests=total.counts.requests,
        requests_in_sums=total.counts.in_sums,
        with_quality=total.counts.quality_known,
        with_label=labelled(total, board.context),
        only_feedback=sum(_only_feedback(row) for row in shown),
        confusion=total.confusion,
        class_labels=force.labels,
        providers=provider_shares(total, board.context),
        by_class=_parts(grouped(shown, lambda row: row.class_key), board, force.labels),
        by_model=_parts(grouped(shown, lambda row: row.model), board, {}),
        by_release=_parts(grouped(shown, lambda row: row.release_digest), board, names),
        choices=_choices(within, force, names),
        with_other_names=_with_other_names(shown, force.labels, providers),
        unmeasured=tuple(t for t in force.thresholds if t.metric not in DEFINITIONS),
    )


def headline(environment: Environment, *, now: datetime.datetime) -> list[MetricValue]:
    """The few metrics that say how an environment is doing, day by day for two weeks."""
    active = measured.active_releases([environment])
    return headlines([environment], active, now=now)[environment.pk]


def headlines(
    environments: Sequence[Environment], active: Mapping[int, Release], *, now: datetime.datetime
) -> dict[int, list[MetricValue]]:
    """`headline` of many environments by primary key, in one query.

    `active` holds their releases in force, as `measured.active_releases` reads them.
    """
    end = floor(now, DAY) + DAY
    window = Window(end - HEADLINE_LENGTH, end, DAY)
    rows = measured.rollup_rows(environments, window)
    force = {key: measured.in_force(release) for key, release in active.items()}
    boards = {
        key: _board(window, found, Filters(), force.get(key, NOTHING), {}, History())
        for key, found in rows.items()
    }
    return {key: board.metrics(HEADLINE) for key, board in boards.items()}


def _board(
    window: Window,
    rows: Sequence[RollupRow],
    filters: Filters,
    force: InForce,
    providers: Mapping[str, str],
    history: History,
) -> Board:
    admitted = [row for row in rows if filters.admits(row)]
    current = bucketed(admitted, window)
    everything = bucketed(rows, window) if filters.is_narrow else current
    return Board(
        window=window,
        starts=window.buckets,
        current=current,
        previous=bucketed(admitted, window.preceding),
        context=Context(force.ranks, providers, class_costs(everything.total)),
        thresholds=force.thresholds,
        class_key=filters.class_key,
        history=history,
    )


def _with_other_names(
    rows: Iterable[RollupRow], classes: Collection[str], models: Collection[str]
) -> int:
    """Requests whose class, models or release were kept as "other"; one that is really called so
    is none."""

    def is_other(row: RollupRow) -> bool:
        return (
            (row.class_key == OTHER and OTHER not in classes)
            or (OTHER in (row.model, row.served_model) and OTHER not in models)
            or row.release_digest == OTHER
        )

    return grouped(filter(is_other, rows), lambda row: OTHER).get(OTHER, Sums()).counts.requests


def _only_feedback(row: RollupRow) -> int:
    """How many more qualities, or labels, a row has than requests that they could be of."""
    counts = Counts._make(row.counts)
    labels = sum(requests for _, requests, _ in row.labelled)
    return max(0, counts.quality_known - counts.requests, labels - counts.requests)


def _layers(board: Board) -> tuple[Layer, ...]:
    metrics = board.metrics(DEFINITIONS)
    return tuple(
        Layer(key, label, tuple(found for found in metrics if found.metric.layer == key))
        for key, label in LAYERS.items()
    )


def _markers(releases: Iterable[Release], window: Window) -> tuple[Marker, ...]:
    return tuple(
        Marker(release.published_at, release.number, release.kind == ReleaseKind.ROLLBACK)
        for release in releases
        if window.holds(release.published_at)
    )


def _release_names(releases: Iterable[Release]) -> dict[str, str]:
    """Digest → "#2, #4": a rollback gives earlier content a second number."""
    names: dict[str, str] = {}
    for release in releases:
        digest, name = release.bundle.digest, f"#{release.number}"
        names[digest] = f"{names[digest]}, {name}" if digest in names else name
    return names


def _choices(
    rows: Sequence[RollupRow], force: InForce, release_names: Mapping[str, str]
) -> Choices:
    return Choices(
        classes=_options({row.class_key for row in rows} | set(force.labels), force.labels),
        models=_options({row.model for row in rows}, {}),
        releases=_options({row.release_digest for row in rows}, release_names),
    )


def _options(keys: Iterable[str], labels: Mapping[str, str]) -> tuple[Option, ...]:
    """Those with a label in the order of the labels, then the others by name."""
    found = {key for key in keys if key}
    ordered = [key for key in labels if key in found] + sorted(found - labels.keys())
    return tuple(Option(key, _label(key, labels)) for key in ordered)


def _label(key: str, labels: Mapping[str, str]) -> str:
    """The given label; else the key, a digest by its first twelve digits."""
    short = key.removeprefix("sha256:")[:12] if key.startswith("sha256:") else key
    return labels.get(key, short or "not told")


def _parts(groups: Mapping[str, Sums], board: Board, labels: Mapping[str, str]) -> tuple[Part, ...]:
    return tuple(
        Part(
            key,
            _label(key, labels),
            sums.counts.requests,
            *(value_of(name, sums, board.context) for name in HEADLINE),
        )
        for key, sums in groups.items()
    )
