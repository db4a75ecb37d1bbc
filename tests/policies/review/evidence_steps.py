"""A shadow evaluation that passes its gates and finds something worse, as it is kept."""

from __future__ import annotations

from typing import Any

from policies.engine import digest
from policies.models import ChangeRequest
from policies.models.changes import CheckKind, Verdict
from policies.services.review import checks
from tests.policies.steps import now


def compared(
    metric: str, label: str, layer: str = "quality", class_key: str = "*", **more: Any
) -> dict[str, Any]:
    """One metric of one class, worse unless `more` says otherwise."""
    return {
        "metric": metric,
        "label": label,
        "layer": layer,
        "class": class_key,
        "direction": "worse",
        "before": "0.9120",
        "after": "0.8840",
        "change": "−0.0280",
        "relative": "−3.1%",
        "interval": "−0.0400 to −0.0160",
        "n": 1200,
        **more,
    }


WORSE_IN_COMPLEX = compared("mean_quality", "Mean quality", class_key="complex")


def in_short(quality: str = "unclear", cost: str = "better") -> list[dict[str, Any]]:
    told = (
        ("Quality", "mean_quality", "Mean quality", quality),
        ("Reliability", "error_rate", "Error rate", "same"),
        ("Cost", "mean_cost_usd", "Cost per 1,000 requests", cost),
        ("Speed", "latency_p95_ms", "Latency p95", "unclear"),
    )
    return [
        {"name": name, **compared(metric, label, direction=direction)}
        for name, metric, label, direction in told
    ]


def evaluated(change: ChangeRequest, *worse: dict[str, Any], **more: Any) -> None:
    """Record that the gates pass, and that this gets worse."""
    change = now(change)
    detail = {
        "gates": [],
        "worse": list(worse),
        "compared": 65,
        "in_short": in_short(),
        "failed_calls": {"baseline": 16, "candidate": 16},
        "support": {"requests": 4000, "unsupported": 0, "moved": 1884, "clusters": 2013},
        **more,
    }
    checks.record_check(
        change,
        CheckKind.SHADOW_EVALUATION,
        Verdict.PASS,
        "On 4,000 requests of “Support”: All 5 gates pass.",
        bundle_digest=change.bundle.digest,
        base_digest=change.base_digest,
        detail=detail,
        evidence_digest=digest(detail),
        evidence_plan=change.evidence_plan,
    )
