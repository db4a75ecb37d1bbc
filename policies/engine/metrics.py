"""What thresholds may ask of: the metrics, and what a metric is held against."""

from __future__ import annotations

from dataclasses import dataclass

LAYERS = ("quality", "reliability", "economic", "change")
EVALUATION, SCORECARD = "evaluation", "scorecard"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's layer, unit, which way is better (``higher`` or ``lower``) and its label.

    ``measured_in`` names what measures it: shadow evaluations, the scorecard, or both by one
    definition. A threshold is judged there alone.
    """

    name: str
    layer: str
    unit: str
    better: str
    label: str
    measured_in: tuple[str, ...] = (EVALUATION, SCORECARD)

    @property
    def ops(self) -> tuple[str, ...]:
        """The comparisons that ask for better, not for worse."""
        return ("gte", "gt") if self.better == "higher" else ("lte", "lt")


_REPLAYED, _OBSERVED = (EVALUATION,), (SCORECARD,)
METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("mean_quality", "quality", "score 0–1", "higher", "Mean quality"),
        Metric("route_accuracy", "quality", "share", "higher", "Route accuracy", _REPLAYED),
        Metric("adequate_answer_rate", "quality", "share", "higher", "Adequate answers", _OBSERVED),
        Metric("under_routing_rate", "quality", "share", "lower", "Under-routing", _REPLAYED),
        Metric(
            "under_classification_rate",
            "quality",
            "share",
            "lower",
            "Under-classification",
            _OBSERVED,
        ),
        Metric("fallback_frequency", "reliability", "share", "lower", "Fallback frequency"),
        Metric("fallback_depth", "reliability", "hops", "lower", "Fallback depth"),
        Metric("amplification", "reliability", "attempts per request", "lower", "Amplification"),
        Metric("error_rate", "reliability", "share", "lower", "Error rate"),
        Metric("latency_p50_ms", "reliability", "ms", "lower", "Latency p50"),
        Metric("latency_p95_ms", "reliability", "ms", "lower", "Latency p95"),
        Metric("latency_p99_ms", "reliability", "ms", "lower", "Latency p99"),
        Metric("mean_cost_usd", "economic", "USD per request", "lower", "Cost per request"),
        Metric("over_routing_rate", "economic", "share", "lower", "Over-routing", _REPLAYED),
        Metric(
            "over_classification_rate",
            "economic",
            "share",
            "lower",
            "Over-classification",
            _OBSERVED,
        ),
        Metric("provider_concentration", "economic", "HHI 0–1", "lower", "Provider concentration"),
        Metric("lead_time_hours", "change", "hours", "lower", "Lead time", _OBSERVED),
        Metric(
            "change_frequency",
            "change",
            "changes per week",
            "higher",
            "Change frequency",
            _OBSERVED,
        ),
        Metric("change_failure_rate", "change", "share", "lower", "Change-failure rate", _OBSERVED),
        Metric("time_to_restore_hours", "change", "hours", "lower", "Time to restore", _OBSERVED),
        Metric("review_latency_hours", "change", "hours", "lower", "Review latency", _OBSERVED),
    )
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a threshold holds a metric against. ``bound`` is the key that says how much.

    ``phrase`` is how people read it, of ``{sign}`` and ``{bound}``. With ``towards`` the bound
    is a size (≥ 0) to the ``worse`` or ``better`` side of the baseline, so that ``op`` says
    nothing more.
    """

    name: str
    label: str
    bound: str
    phrase: str
    towards: str = ""

    @property
    def needs_baseline(self) -> bool:
        return self.bound == "margin"

    @property
    def is_allowance(self) -> bool:
        """Whether a larger bound asks for less."""
        return self.towards == "worse"

    @property
    def has_size(self) -> bool:
        """Whether the bound is a size, and the metric says which way it points."""
        return bool(self.towards)

    def signed(self, margin: float, better: str) -> float:
        """The bound on candidate − baseline of a metric that is better ``higher`` or ``lower``."""
        points_down = (self.towards == "worse") == (better == "higher")
        return -margin if self.has_size and points_down else margin


COMPARISONS: dict[str, Comparison] = {
    comparison.name: comparison
    for comparison in (
        Comparison("absolute", "Against a value", "value", "{sign} {bound}"),
        Comparison(
            "vs_baseline", "Difference from baseline", "margin", "minus baseline {sign} {bound}"
        ),
        Comparison(
            "non_inferiority",
            "Not worse than baseline",
            "margin",
            "not worse than baseline by {bound}",
            towards="worse",
        ),
    )
}
