"""Retries and time limits of a bundle as policies of Envoy Gateway. Without one nothing is tried
again there, and so no backend but the first of a route."""

from __future__ import annotations

from typing import Any

from policies.engine import Bundle
from policies.interop.losses import Losses

API_VERSION = "gateway.envoyproxy.io/v1alpha1"
KIND = "BackendTrafficPolicy"
# What a provider answers where a failure is of a kind; of the others it answers nothing.
STATUSES: dict[str, tuple[int, ...]] = {
    "rate_limit": (429,),
    "quota_exhausted": (402, 429),
    "timeout": (408, 504),
    "server_error": (500, 502),
    "overloaded": (503, 529),
    "auth": (401, 403),
    "not_found": (404,),
}
# Of which no status tells one kind from another.
UNTOLD = ("content_policy", "context_window", "capability_unsupported")


def traffic_policy(bundle: Bundle, route: str) -> dict[str, Any]:
    """The policy for the HTTPRoute that is made of a route, which has the same name."""
    limits = bundle.fallback_matrix.limits
    spec: dict[str, Any] = {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": route}],
        "timeout": {"http": {"requestTimeout": _ms(limits.deadline_ms)}},
    }
    if limits.max_attempts > 1 and _kinds(bundle):
        spec["retry"] = _retry(bundle)
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": route},
        "spec": spec,
    }


def tell_of_traffic(bundle: Bundle, losses: Losses) -> None:
    """What of the fallback matrix is in the policies, and what is not."""
    limits, rows = "/fallback_matrix/limits", "/fallback_matrix/rows"
    losses.approximated(
        f"{limits}/deadline_ms", "Cuts the attempt that runs, too; here it only ends the chain."
    )
    losses.exact(f"{limits}/max_attempts", "Retries, at all backends together, are one fewer.")
    if bundle.fallback_matrix.limits.breaker is not None:
        losses.dropped(
            f"{limits}/breaker", "Backends are ejected there by errors in a row, not by a share."
        )
    kinds = _kinds(bundle)
    if not kinds:
        return
    losses.approximated(
        rows, "Failures are told by status, one list for all rows: any of them leads on."
    )
    for kind in UNTOLD:
        if kind in kinds:
            losses.dropped(rows, f"No status tells {kind} from other bad requests: it ends there.")
    retried = _retried(bundle)
    if len(retried) > 1:
        losses.approximated(rows, f"Each backend is tried {1 + max(retried)} times at most.")
    if max(retried, default=0):
        losses.approximated(rows, "Waits double, with full jitter, and Retry-After is not read.")


def _retry(bundle: Bundle) -> dict[str, Any]:
    kinds = _kinds(bundle)
    waits = [row.retries for row in bundle.fallback_matrix.rows if row.retries.count]
    statuses = sorted({status for kind in kinds for status in STATUSES.get(kind, ())})
    triggers = ["connect-failure", "reset"] if {"network", "timeout"} & kinds else []
    retry: dict[str, Any] = {
        "numAttemptsPerPriority": 1 + max(_retried(bundle), default=0),
        "numRetries": bundle.fallback_matrix.limits.max_attempts - 1,
        "retryOn": {
            # Statuses count only with their trigger.
            "triggers": [*triggers, *(["retriable-status-codes"] if statuses else [])],
            **({"httpStatusCodes": statuses} if statuses else {}),
        },
    }
    if waits:
        base = min(wait.base_ms for wait in waits)
        longest = max(max(wait.max_ms for wait in waits), base)
        retry["perRetry"] = {"backOff": {"baseInterval": _ms(base), "maxInterval": _ms(longest)}}
    return retry


def _kinds(bundle: Bundle) -> set[str]:
    """Failures after which anything is tried again."""
    rows = bundle.fallback_matrix.rows
    return {kind for row in rows if row.then or row.retries.count for kind in row.on}


def _retried(bundle: Bundle) -> set[int]:
    """How often rows try the same target again."""
    return {row.retries.count for row in bundle.fallback_matrix.rows}


def _ms(value: float) -> str:
    return f"{max(1, round(value))}ms"
