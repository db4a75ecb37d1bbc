"""What to do after a failure: retry, go to another target, or stop and say why.

A chain is replayed from the attempts made so far, so that any router in any language reaches
the same next step without keeping state of its own.

*Retries* stay on the target, within the row's ``retries.count``, the deadline, the retry budget
and an open breaker's veto. Before the k-th retry the wait is at most
b = min(max_ms, base_ms · factor^(k−1)) ms (repeated multiplication in doubles). With full jitter
it is ⌊u · b⌋, u = top 53 bits of the first 8 bytes of SHA-256(``request_id:number``) over 2^53,
``number`` counting attempts of the chain from 1 and being that of the attempt waited for. A
``Retry-After`` is honoured where it is longer.

*Fallbacks* go at once to the first target not yet visited in ``then`` of the failing target's
row, else of the rows that led there, deepest first. The retry budget does not hold them back:
it guards a failing target against being hammered, and they leave it. A target whose context
window is no larger than that of one that failed with ``context_window`` is passed over: the
request is known to be longer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .bundle import Bundle
from .catalogue import Catalogue
from .decision import Decision
from .fallback import NEVER_ANSWERED, FallbackRow, Limits, Retries
from .splitting import unit
from .suitability import (
    Exclusion,
    Requirements,
    costs_too_much,
    is_outgrown,
    lacks_capability,
    lacks_region,
    lacks_room,
    lacks_service,
)

# A primary whose breaker is open is passed over as if it had answered this.
PASSED_OVER_AS = "overloaded"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call that was made. ``failure_kind`` is None after success; ``bytes_sent`` tells that
    part of the answer had reached the user; ``retry_after_ms`` is the target's own wish.
    """

    model: str
    failure_kind: str | None = None
    latency_ms: float = 0
    cost_usd: float = 0
    bytes_sent: bool = False
    retry_after_ms: float | None = None


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """Call ``model`` after ``wait_ms`` milliseconds."""

    model: str
    wait_ms: int = 0


@dataclass(frozen=True, slots=True)
class Stop:
    """The chain ends. ``reason``: succeeded, refused, not_retryable, max_attempts, deadline,
    cost_cap, no_fallback (no row answers the failure) or exhausted (no target is left).
    """

    reason: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Runtime:
    """What only a running router knows: whose breaker is open, and whether the retry budget
    still allows a retry.
    """

    open_breakers: frozenset[str] = frozenset()
    retry_allowed: bool = True


NO_LIMITS = Runtime()


@dataclass(slots=True)
class _Hop:
    """A visited target, the row that answers its latest failure, and the tries it has had."""

    row: FallbackRow | None
    tries: int


@dataclass(slots=True)
class _History:
    """The chain so far: hops in order of their latest attempt, time and money spent, and the
    largest context window that the request was too long for.
    """

    hops: dict[str, _Hop]
    elapsed_ms: float = 0
    spent_usd: float = 0
    outgrown: int | None = None


def next_attempt(
    bundle: Bundle,
    decision: Decision,
    attempts: Sequence[Attempt],
    *,
    request_id: str = "",
    runtime: Runtime = NO_LIMITS,
) -> NextAttempt | Stop:
    """The next target and the wait before it, or the reason to stop. Total and deterministic."""
    if decision.model is None:
        return Stop("refused", decision.refused or "The policy refuses this request.")
    if not attempts and decision.model not in runtime.open_breakers:
        return NextAttempt(decision.model)
    history = _replay(bundle, decision, attempts, request_id)
    stop = _verdict_on_last(attempts) or _limit_reached(
        bundle.fallback_matrix.limits, history, len(attempts)
    )
    if stop:
        return stop
    retry = _retry(bundle, decision, attempts, history, request_id, runtime)
    return retry or _fall_back(bundle, decision, history, runtime)


def full_chain(
    bundle: Bundle,
    class_key: str,
    model: str,
    failure_kind: str,
    requirements: Requirements | None = None,
) -> tuple[str, ...]:
    """The targets after ``model``, in order, if each in turn failed with ``failure_kind``.

    For display: limits on attempts, time and money are left aside; what ``preserve`` and the
    catalogue exclude is left out.
    """
    matrix = bundle.fallback_matrix
    wanted = requirements or Requirements()
    hops = {model: _Hop(matrix.row_for(model, class_key, failure_kind), 1)}
    outgrown: int | None = None
    while True:
        outgrown = outgrown_by(bundle.catalogue, next(reversed(hops)), failure_kind, outgrown)
        for target in _targets(hops):
            if not _unfit(bundle, wanted, target, outgrown):
                hops[target] = _Hop(matrix.row_for(target, class_key, failure_kind), 1)
                break
        else:
            return tuple(hops)[1:]


def outgrown_by(
    catalogue: Catalogue, model: str, failure_kind: str | None, so_far: int | None
) -> int | None:
    """The largest window known to be too small, after a model has failed; None where none is."""
    entry = catalogue.models.get(model)
    if failure_kind != "context_window" or entry is None or entry.context_window is None:
        return so_far
    return max(entry.context_window, so_far or 0)


def _replay(
    bundle: Bundle, decision: Decision, attempts: Sequence[Attempt], request_id: str
) -> _History:
    matrix, class_key = bundle.fallback_matrix, decision.class_key
    history = _History({})
    if decision.model and (not attempts or attempts[0].model != decision.model):
        row = matrix.row_for(decision.model, class_key, PASSED_OVER_AS)
        history.hops[decision.model] = _Hop(row, 0)
    previous: Attempt | None = None
    for number, attempt in enumerate(attempts, start=1):
        hop = history.hops.pop(attempt.model, None) or _Hop(None, 0)
        if previous and previous.model == attempt.model:
            history.elapsed_ms += _wait_ms(hop, previous, number, request_id)
        hop.tries += 1
        hop.row = matrix.row_for(attempt.model, class_key, attempt.failure_kind or "")
        history.hops[attempt.model] = hop
        history.elapsed_ms += _amount(attempt.latency_ms)
        history.spent_usd += _amount(attempt.cost_usd)
        history.outgrown = outgrown_by(
            bundle.catalogue, attempt.model, attempt.failure_kind, history.outgrown
        )
        previous = attempt
    return history


def _amount(value: float | None) -> float:
    """A recorded latency or cost; what is unknown or makes no sense counts as nothing."""
    return value if value is not None and math.isfinite(value) and value > 0 else 0


def _verdict_on_last(attempts: Sequence[Attempt]) -> Stop | None:
    if not attempts:
        return None
    last = attempts[-1]
    if last.failure_kind is None:
        return Stop("succeeded", f"{last.model} answered.")
    if last.failure_kind in NEVER_ANSWERED:
        return Stop("not_retryable", "The request itself is wrong; no other target would take it.")
    if last.failure_kind == "stream_interrupted" and last.bytes_sent:
        return Stop("not_retryable", "Part of the answer has already been sent to the user.")
    return None


def _limit_reached(limits: Limits, history: _History, made: int) -> Stop | None:
    if made >= limits.max_attempts:
        return Stop("max_attempts", f"All {limits.max_attempts} attempts of the chain were made.")
    if history.elapsed_ms >= limits.deadline_ms:
        return Stop("deadline", f"The chain's {limits.deadline_ms:g} ms are over.")
    if limits.cost_cap_usd is not None and history.spent_usd >= limits.cost_cap_usd:
        return Stop("cost_cap", f"The chain's {limits.cost_cap_usd:g} USD are spent.")
    return None


def _retry(
    bundle: Bundle,
    decision: Decision,
    attempts: Sequence[Attempt],
    history: _History,
    request_id: str,
    runtime: Runtime,
) -> NextAttempt | None:
    """Another try on the target that has just failed, if everything allows it."""
    if not attempts or not runtime.retry_allowed:
        return None
    last = attempts[-1]
    hop = history.hops[last.model]
    if hop.row is None or hop.tries > hop.row.retries.count:
        return None
    wait = _wait_ms(hop, last, len(attempts) + 1, request_id)
    in_time = history.elapsed_ms + wait < bundle.fallback_matrix.limits.deadline_ms
    closed = last.model not in runtime.open_breakers
    if in_time and closed and not _too_dear(bundle, decision.requirements, last.model, history):
        return NextAttempt(last.model, wait)
    return None


def _wait_ms(hop: _Hop, failed: Attempt, number: int, request_id: str) -> int:
    """Milliseconds between a failed try and attempt ``number`` on the same target."""
    if hop.row is None:
        return 0
    retries = hop.row.retries
    wait = backoff_ms(retries, hop.tries, request_id, number)
    asked = _amount(failed.retry_after_ms) if retries.honour_retry_after else 0
    return max(wait, math.ceil(asked))


def backoff_ms(retries: Retries, retry: int, request_id: str, number: int) -> int:
    """The wait before the given retry (from 1) of a target, which is attempt ``number``."""
    bound = float(retries.base_ms)
    for _ in range(retry - 1):
        bound = min(bound * retries.factor, float(retries.max_ms))
    if retries.jitter == "full":
        bound *= unit(f"{request_id}:{number}")
    return math.floor(bound)


def _targets(hops: dict[str, _Hop]) -> list[str]:
    """Targets not yet visited, in the order in which they would be tried."""
    rows = [hop.row for hop in reversed(hops.values()) if hop.row is not None]
    return [target for row in rows for target in row.then if target not in hops]


def _fall_back(
    bundle: Bundle, decision: Decision, history: _History, runtime: Runtime
) -> NextAttempt | Stop:
    if all(hop.row is None for hop in history.hops.values()):
        return Stop("no_fallback", "No row of the fallback matrix answers this failure.")
    passed_over: dict[str, str] = {}
    for target in _targets(history.hops):
        unfit = _unfit(bundle, decision.requirements, target, history.outgrown)
        unfit = unfit or _held_back(bundle, decision, target, history, runtime)
        if unfit is None:
            return NextAttempt(target)
        passed_over[target] = unfit.sentence
    return Stop("exhausted", " ".join(["No target is left.", *passed_over.values()]))


def _unfit(
    bundle: Bundle, wanted: Requirements, target: str, outgrown: int | None
) -> Exclusion | None:
    """Why a target may never serve this request: the catalogue, or what must be preserved."""
    out = lacks_service(bundle.catalogue, target)
    if out:
        return out
    preserve = bundle.fallback_matrix.limits.preserve
    model = bundle.catalogue.models[target]
    if preserve.regions:
        out = lacks_region(model, wanted.regions)
    if out is None and preserve.capabilities:
        out = lacks_capability(model, wanted.capabilities)
    if out is None and preserve.context:
        out = lacks_room(model, wanted)
    return out or is_outgrown(model, outgrown)


def _held_back(
    bundle: Bundle, decision: Decision, target: str, history: _History, runtime: Runtime
) -> Exclusion | None:
    """Why a target may not serve just now: an open breaker, or the money left."""
    if target in runtime.open_breakers:
        return Exclusion(target, "open_breaker", f"{target}'s breaker is open.")
    return _too_dear(bundle, decision.requirements, target, history)


def _too_dear(
    bundle: Bundle, wanted: Requirements, target: str, history: _History
) -> Exclusion | None:
    cap = bundle.fallback_matrix.limits.cost_cap_usd
    model = bundle.catalogue.models.get(target)
    if cap is None or model is None:
        return None
    return costs_too_much(model, wanted, cap - history.spent_usd)
