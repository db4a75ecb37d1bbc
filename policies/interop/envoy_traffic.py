"""Retries of a bundle as policies of Envoy Gateway, and times as it writes them. Without a policy
nothing is tried again there, and so no backend but the first of a route."""

from __future__ import annotations

from typing import Any

from policies.engine import Bundle
from policies.interop.lanes import STATUSES, UNTOLD
from policies.interop.losses import Losses

API_VERSION = "gateway.envoyproxy.io/v1alpha1"
KIND = "BackendTrafficPolicy"
UNITS_MS = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
LONGEST_MS = 99_999 * UNITS_MS["h"]


def traffic_policy(bundle: Bundle, route: str) -> dict[str, Any] | None:
    """The policy for the HTTPRoute that is made of a route, which has the same name; None where
    nothing is tried again."""
    retry_on = _retry_on(bundle)
    if bundle.fallback_matrix.limits.max_attempts == 1 or not retry_on["triggers"]:
        return None
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": route},
        "spec": {
            "targetRefs": [
                {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": route}
            ],
            "retry": _retry(bundle, retry_on),
        },
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


def _retry_on(bundle: Bundle) -> dict[str, Any]:
    """Which failures lead on. Without any trigger, Envoy Gateway takes some of its own."""
    kinds = _kinds(bundle)
    statuses = sorted({status for kind in kinds for status in STATUSES.get(kind, ())})
    triggers = ["connect-failure", "reset"] if {"network", "timeout"} & kinds else []
    return {
        # Statuses count only with their trigger.
        "triggers": [*triggers, *(["retriable-status-codes"] if statuses else [])],
        **({"httpStatusCodes": statuses} if statuses else {}),
    }


def _retry(bundle: Bundle, retry_on: dict[str, Any]) -> dict[str, Any]:
    waits = [row.retries for row in bundle.fallback_matrix.rows if row.retries.count]
    retry: dict[str, Any] = {
        "numAttemptsPerPriority": 1 + max(_retried(bundle), default=0),
        "numRetries": bundle.fallback_matrix.limits.max_attempts - 1,
        "retryOn": retry_on,
    }
    if waits:
        base = min(wait.base_ms for wait in waits)
        longest = max(max(wait.max_ms for wait in waits), base)
        back_off = {"baseInterval": duration(base), "maxInterval": duration(longest)}
        retry["perRetry"] = {"backOff": back_off}
    return retry


def _kinds(bundle: Bundle) -> set[str]:
    """Failures after which anything is tried again."""
    rows = bundle.fallback_matrix.rows
    return {kind for row in rows if row.then or row.retries.count for kind in row.on}


def _retried(bundle: Bundle) -> set[int]:
    """How often rows try the same target again."""
    return {row.retries.count for row in bundle.fallback_matrix.rows}


def duration(ms: float) -> str:
    """A time of at least a millisecond, at most 99,999 hours: five digits a unit (GEP-2257)."""
    left = min(max(1, round(ms)), LONGEST_MS)
    text = ""
    for unit, length in UNITS_MS.items():
        count, left = divmod(left, length)
        text += f"{count}{unit}" if count else ""
    return text
