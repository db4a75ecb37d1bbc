"""The component ``quality_thresholds``."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from .metrics import COMPARISONS, LAYERS, METRICS, Metric
from .reading import Fields, Place, parsed, quoted, report_repeats

OPS = ("gte", "gt", "lte", "lt")
EFFECTS = ("gate", "alarm", "rollback")
ANY_CLASS = "*"
# A gate is judged at no less, whatever its document says: what holds changes back needs evidence.
GATE_MIN_CONFIDENCE = 0.9
GATE_MIN_SAMPLES = 30
WINDOW_PATTERN = re.compile(r"([1-9][0-9]{0,3})([hdw])\Z")
HOURS = {"h": 1, "d": 24, "w": 168}


@dataclass(frozen=True, slots=True)
class Threshold:
    """One requirement on a metric, by one of the ``COMPARISONS``.

    With ``relative`` the margin is a share of the baseline's value.
    """

    id: str
    layer: str
    metric: str
    comparison: str
    op: str
    effect: str
    class_key: str = ANY_CLASS
    value: float | None = None
    margin: float | None = None
    relative: bool = False
    confidence: float = 0.95
    min_samples: int = 200
    window: str = "7d"
    owner: str = ""

    @property
    def needs_baseline(self) -> bool:
        return COMPARISONS[self.comparison].needs_baseline

    @property
    def signed_margin(self) -> float:
        """The bound on candidate − baseline."""
        better = METRICS[self.metric].better
        return COMPARISONS[self.comparison].signed(float(self.margin or 0), better)

    @property
    def window_hours(self) -> int:
        match = WINDOW_PATTERN.match(self.window)
        return int(match[1]) * HOURS[match[2]] if match else 0

    def to_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "layer": self.layer,
            "class": self.class_key,
            "metric": self.metric,
            "comparison": self.comparison,
            "op": self.op,
            "value": self.value,
            "margin": self.margin,
            "relative": self.relative,
            "confidence": self.confidence,
            "min_samples": self.min_samples,
            "window": self.window,
            "effect": self.effect,
            "owner": self.owner,
        }


@dataclass(frozen=True)
class QualityThresholds:
    """The whole component document."""

    thresholds: tuple[Threshold, ...] = ()

    def to_json(self) -> dict[str, object]:
        return {"schema": 1, "thresholds": [entry.to_json() for entry in self.thresholds]}


THRESHOLD_KEYS = tuple(Threshold("", "", "", "", "", "").to_json())


def parse_quality_thresholds(raw: object) -> QualityThresholds:
    """Parses the document on its own: names of classes stay unchecked."""
    return parsed(raw, read_quality_thresholds)


def read_quality_thresholds(
    place: Place, classes: Collection[str] | None = None
) -> QualityThresholds:
    """Reads the document; checks classes where given."""
    fields = place.fields("schema", "thresholds")
    fields.required("schema").schema()
    items = fields.optional("thresholds", []).items(of="thresholds")
    thresholds = tuple(_read_threshold(item, classes) for item in items)
    ids = [
        (item.child("id", None), entry.id) for item, entry in zip(items, thresholds, strict=True)
    ]
    report_repeats(ids, "threshold id")
    return QualityThresholds(thresholds)


def _read_threshold(place: Place, classes: Collection[str] | None) -> Threshold:
    fields = place.fields(*THRESHOLD_KEYS)
    metric = METRICS.get(fields.required("metric").choice(METRICS, what="a metric"))
    comparison = fields.required("comparison").choice(COMPARISONS)
    value, margin = _read_bounds(fields, comparison)
    return Threshold(
        id=fields.required("id").key(),
        layer=_read_layer(fields, metric),
        metric=metric.name if metric else "",
        comparison=comparison,
        op=_read_op(fields, metric),
        effect=fields.required("effect").choice(EFFECTS),
        class_key=_read_class(fields.optional("class", ANY_CLASS), classes),
        value=value,
        margin=margin,
        relative=_read_relative(fields, comparison),
        confidence=_read_confidence(fields.optional("confidence", 0.95)),
        min_samples=fields.optional("min_samples", 200).integer(at_least=1),
        window=_read_window(fields.optional("window", "7d")),
        owner=fields.optional("owner", "").text(max_length=200),
    )


def _read_layer(fields: Fields, metric: Metric | None) -> str:
    place = fields.optional("layer", metric.layer if metric else LAYERS[0])
    layer = place.choice(LAYERS)
    if layer and metric and layer != metric.layer:
        place.report(f'must be "{metric.layer}", the layer of {metric.name}')
    return layer


def _read_op(fields: Fields, metric: Metric | None) -> str:
    place = fields.optional("op", metric.ops[0] if metric else OPS[0])
    op = place.choice(OPS)
    if op and metric and op not in metric.ops:
        place.report(
            f"must be one of {quoted(metric.ops)}: {metric.name} is better when {metric.better}"
        )
    return op


def _read_bounds(fields: Fields, comparison: str) -> tuple[float | None, float | None]:
    """``value`` goes with ``absolute``, ``margin`` with the comparisons to a baseline."""
    known = COMPARISONS.get(comparison)
    value = fields.optional("value", None).nullable(Place.number)
    floor = 0 if known and known.has_size else None
    margin = fields.optional("margin", None).nullable(lambda item: item.number(at_least=floor))
    if known is None:
        return value, margin
    wanted, other = ("margin", "value") if known.needs_baseline else ("value", "margin")
    bounds = {"value": value, "margin": margin}
    if bounds[wanted] is None:
        fields.optional(wanted, None).report(f'is required for the comparison "{comparison}"')
    if bounds[other] is not None:
        fields.optional(other, None).report(
            f'must be null: the comparison "{comparison}" uses "{wanted}"'
        )
    return value, margin


def _read_relative(fields: Fields, comparison: str) -> bool:
    place = fields.optional("relative", False)
    relative = place.flag()
    known = COMPARISONS.get(comparison)
    if relative and known and not known.needs_baseline:
        place.report(
            f'must be false: the comparison "{comparison}" has no baseline to be relative to'
        )
    return relative


def _read_class(place: Place, classes: Collection[str] | None) -> str:
    if place.value == ANY_CLASS:
        return ANY_CLASS
    return place.key() if classes is None else place.choice((ANY_CLASS, *classes), what="a class")


def _read_confidence(place: Place) -> float:
    confidence = place.number(at_least=0.5)
    if confidence >= 1:
        place.report("must be less than 1")
    return confidence


def _read_window(place: Place) -> str:
    window = place.text(max_length=20)
    if isinstance(place.value, str) and not WINDOW_PATTERN.match(window):
        place.report('must be a number of hours, days or weeks, such as "24h", "7d" or "4w"')
    return window
