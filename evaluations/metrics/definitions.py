"""Every metric of the scorecard: those of the engine's that outcomes and records show, and a few
that thresholds cannot name. What each metric is, of evaluations too.
"""

from __future__ import annotations

from policies.engine.metrics import METRICS, SCORECARD, Metric

LAYERS = {
    "quality": "User outcome quality",
    "reliability": "System reliability",
    "economic": "Economic efficiency",
    "change": "Change management",
}

_OBSERVED = (SCORECARD,)
_MORE = (
    Metric("class_agreement", "quality", "share", "higher", "Class agreement", _OBSERVED),
    Metric(
        "over_classification_usd", "economic", "USD", "lower", "Over-classification cost", _OBSERVED
    ),
    Metric("rollbacks", "change", "rollbacks", "lower", "Rollbacks", _OBSERVED),
    Metric("bypasses", "change", "releases", "lower", "Break-glass releases", _OBSERVED),
)
_ALL: dict[str, Metric] = {**METRICS, **{metric.name: metric for metric in _MORE}}

# In the order they are shown.
DEFINITIONS: dict[str, Metric] = {
    name: _ALL[name]
    for name in (
        "mean_quality",
        "adequate_answer_rate",
        "under_classification_rate",
        "class_agreement",
        "error_rate",
        "fallback_frequency",
        "fallback_depth",
        "amplification",
        "latency_p50_ms",
        "latency_p95_ms",
        "latency_p99_ms",
        "mean_cost_usd",
        "over_classification_rate",
        "over_classification_usd",
        "provider_concentration",
        "lead_time_hours",
        "change_frequency",
        "change_failure_rate",
        "time_to_restore_hours",
        "review_latency_hours",
        "rollbacks",
        "bypasses",
    )
}

MEANINGS: dict[str, str] = {
    "mean_quality": "Mean of the reported qualities, 0 to 1.",
    "route_accuracy": (
        "Share of requests whose chosen model gives an adequate answer when it is called first."
    ),
    "adequate_answer_rate": (
        "Share of requests with a quality whose answer was adequate (0.5 or more)."
    ),
    "under_routing_rate": (
        "Share of requests whose chosen model gives no adequate answer while only dearer models do."
    ),
    "under_classification_rate": (
        "Share of labelled requests routed as a class of lower risk than theirs."
    ),
    "class_agreement": "Share of labelled requests routed as the class of their label.",
    "error_rate": "Share of requests that no model answered.",
    "fallback_frequency": "Share of requests that went beyond their first model.",
    "fallback_depth": "Further models tried, per request.",
    "amplification": "Attempts per request, retries and fallbacks included.",
    "latency_p50_ms": "Half of the requests took no longer, failed attempts included.",
    "latency_p95_ms": "95% of the requests took no longer, failed attempts included.",
    "latency_p99_ms": "99% of the requests took no longer, failed attempts included.",
    "mean_cost_usd": "Mean cost of a request over all its attempts.",
    "over_routing_rate": "Share of requests that a cheaper model would have answered adequately.",
    "over_classification_rate": (
        "Share of labelled requests routed as a class of higher risk than theirs."
    ),
    "over_classification_usd": (
        "What over-classified requests cost beyond the mean cost of requests routed as the class "
        "of their label."
    ),
    "provider_concentration": "Sum of the squared shares of requests by provider; 1 is one alone.",
    "lead_time_hours": "Median time from the draft to the release in force.",
    "change_frequency": "Publications per week, rollbacks not counted.",
    "change_failure_rate": (
        "Share of the period's publications that had to be undone or repaired: by a rollback, a "
        "break-glass release, a publication that put a component back, or one that names it as "
        "what it repairs."
    ),
    "time_to_restore_hours": (
        "Median time from when a release that had to be undone or repaired came into force until "
        "it was."
    ),
    "review_latency_hours": "Median time from submission to the first review.",
    "rollbacks": "Releases that restored an earlier one.",
    "bypasses": "Releases published by break-glass, without the review that was due.",
}
