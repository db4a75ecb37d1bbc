"""What a scorecard is computed from: roll-up rows, releases, what is in force, who said what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Min, Q

from evaluations.metrics.board import RollupRow
from evaluations.metrics.change import History, ReleaseRecord, ReviewRecord, with_fates
from evaluations.metrics.periods import Window
from evaluations.metrics.sums import COUNT_NAMES
from evaluations.models import OutcomeRollup
from policies.engine.thresholds import Threshold, parse_quality_thresholds
from policies.models import CatalogueModel, ChangeRequest, Environment, Release
from policies.models.components import ComponentKind
from policies.models.releases import ReleaseKind

RISKS = {"low": 0, "medium": 1, "high": 2}
_KEY = ("start", "class_key", "model", "served_model", "release_digest")


@dataclass(frozen=True, slots=True)
class InForce:
    """What the active release says: thresholds, and the classes with their labels and risks."""

    thresholds: tuple[Threshold, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    ranks: Mapping[str, int] = field(default_factory=dict)


NOTHING = InForce()


def rollup_rows(environments: Iterable[Environment], window: Window) -> dict[int, list[RollupRow]]:
    """Roll-up rows of the period and of the one that precedes it, by environment."""
    by_environment: dict[int, list[RollupRow]] = {found.pk: [] for found in environments}
    before = window.preceding
    found = OutcomeRollup.objects.filter(
        Q(start__gte=window.start, start__lt=window.end)
        | Q(start__gte=before.start, start__lt=before.end),
        environment__in=by_environment,
        grain=window.grain,
    ).values_list("environment_id", *_KEY, *COUNT_NAMES, "latency_bins", "labelled")
    first, last = 1 + len(_KEY), 1 + len(_KEY) + len(COUNT_NAMES)
    for row in found.iterator(chunk_size=5000):
        bins, labelled = row[last:]
        start, class_key, model, served_model, digest = row[1:first]
        by_environment[row[0]].append(
            RollupRow(
                start, class_key, model, served_model, digest, row[first:last], bins, labelled
            )
        )
    return by_environment


def active_releases(environments: Iterable[Environment]) -> dict[int, Release]:
    """The active release of each environment by its primary key, with what `in_force` reads of it
    and without its signed body and its bundle, which are large. One query.
    """
    rows = (
        Release.objects.active()
        .filter(environment__in=environments)
        .select_related(
            "workflow",
            "environment",
            "published_by",
            "bundle__quality_thresholds",
            "bundle__request_classification",
        )
        .defer("body", "bundle__content")
    )
    return {release.environment_id: release for release in rows}


def in_force(release: Release) -> InForce:
    """What an active release says."""
    bundle = release.bundle
    classes = bundle.request_classification.document["classes"]
    return InForce(
        parse_quality_thresholds(bundle.quality_thresholds.document).thresholds,
        {entry["key"]: entry.get("label") or entry["key"] for entry in classes},
        {entry["key"]: RISKS[entry["risk"]] for entry in classes},
    )


def releases_of(environment: Environment) -> list[Release]:
    """Every release, oldest first, without the signed bodies and bundles, which are large."""
    return list(
        Release.objects.filter(environment=environment)
        .select_related("bundle", "change__draft", "change__repairs")
        .only(
            "number",
            "kind",
            "published_at",
            "retired_at",
            "bundle__digest",
            *(f"bundle__{kind}" for kind in ComponentKind.values),
            "change__created_at",
            "change__draft__created_at",
            "change__repairs__number",
        )
        .order_by("number")
    )


def providers_by_model() -> dict[str, str]:
    """Model → the label of its provider, for every model of the catalogue."""
    return dict(CatalogueModel.objects.values_list("key", "provider__label"))


def history_of(environment: Environment, releases: Sequence[Release]) -> History:
    """How changes went in an environment, from its releases and the first reviews."""
    reviewed = (
        ChangeRequest.objects.filter(environment=environment, submitted_at__isnull=False)
        .annotate(first_review=Min("reviews__created_at"))
        .filter(first_review__isnull=False)
        .values_list("number", "submitted_at", "first_review")
        .order_by("first_review")
    )
    return History(
        with_fates([_record(release) for release in releases]),
        tuple(
            ReviewRecord(number, min(submitted, first), first)
            for number, submitted, first in reviewed
        ),
    )


def _record(release: Release) -> ReleaseRecord:
    is_rollback = release.kind == ReleaseKind.ROLLBACK
    change, bundle = release.change, release.bundle
    drafted_at = None
    if change is not None and not is_rollback:
        drafted_at = change.draft.created_at if change.draft else change.created_at
    return ReleaseRecord(
        number=release.number,
        at=release.published_at,
        is_rollback=is_rollback,
        is_break_glass=release.kind == ReleaseKind.BREAK_GLASS,
        content=tuple(getattr(bundle, f"{kind}_id") for kind in ComponentKind.values),
        drafted_at=drafted_at,
        repairs=release.repairs.number if release.repairs else None,
    )
