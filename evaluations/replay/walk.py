"""One recorded request through one bundle: decide, call, fall back, until an answer or the end.

The engine decides every step; recorded calls stand in for the models. Nothing here is random.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from evaluations.replay.failures import failure_kind
from evaluations.replay.outcome import NANO, Outcome
from evaluations.replay.recorded import RecordedCall, RecordedRequest
from policies.engine import Attempt, Bundle, Decision, NextAttempt, decide, next_attempt

REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What an evaluation assumes beyond the bundles; part of its identity.

    `adequate_at` in 10⁻⁹ quality; `timeouts` in microseconds by model ("*" for all others);
    `yardstick`: models compared with for over- and under-routing (see `yardstick`).
    """

    adequate_at: int = NANO // 2
    timeouts: Mapping[str, int] = field(default_factory=dict)
    yardstick: tuple[str, ...] = ()

    def timeout(self, model: str) -> int | None:
        """The time limit of calls to this model, in microseconds; None for no limit."""
        return self.timeouts.get(model, self.timeouts.get("*"))


def yardstick(baseline: Bundle, candidate: Bundle, recorded: Collection[str]) -> tuple[str, ...]:
    """The recorded models that a route of either bundle may choose.

    Fallback targets are not among them: whoever adds one must not make the same choice of a model
    look better or worse.
    """
    routed = {
        entry.model
        for bundle in (baseline, candidate)
        for _, route in bundle.router_policy.routes()
        for entry in route.candidates
    }
    return tuple(sorted(routed & set(recorded)))


@dataclass(frozen=True, slots=True)
class _Call:
    """One attempt of a chain: the recorded call as this evaluation sees it."""

    model: str
    kind: str | None
    latency: int | None
    recorded: RecordedCall


def replay(bundle: Bundle, recorded: RecordedRequest, conditions: Conditions) -> Outcome:
    """The outcome of one request under `bundle`."""
    decision = decide(bundle, recorded.request)
    if decision.model is None:
        return _refused(decision, recorded, conditions)
    calls: list[_Call] = []
    attempts: list[Attempt] = []
    visits: Counter[str] = Counter()
    model, waited = decision.model, 0
    while True:
        call = _call(recorded, model, visits[model], conditions)
        if call is None:
            return _unsupported(decision, model, calls)
        visits[model] += 1
        calls.append(call)
        if call.kind is None:
            break
        attempts.append(_attempt(call))
        step = next_attempt(bundle, decision, tuple(attempts), request_id=recorded.request_id)
        if not isinstance(step, NextAttempt):
            break
        model = step.model
        waited += round(step.wait_ms * 1000)
    return _outcome(decision, recorded, calls, waited, conditions)


def _call(
    recorded: RecordedRequest, model: str, visit: int, conditions: Conditions
) -> _Call | None:
    row = recorded.call(model, visit)
    if row is None:
        return None
    limit = conditions.timeout(model)
    if row.error is not None:
        latency = limit if row.latency is None else row.latency
        return _Call(model, failure_kind(row.error), _capped(latency, limit), row)
    if limit is not None and row.latency is not None and row.latency > limit:
        return _Call(model, "timeout", limit, row)
    return _Call(model, None, row.latency, row)


def _capped(latency: int | None, limit: int | None) -> int | None:
    return latency if latency is None or limit is None else min(latency, limit)


def _attempt(call: _Call) -> Attempt:
    return Attempt(
        model=call.model,
        failure_kind=call.kind,
        latency_ms=(call.latency or 0) / 1000,
        cost_usd=(call.recorded.cost or 0) / NANO,
    )


def _outcome(
    decision: Decision,
    recorded: RecordedRequest,
    calls: list[_Call],
    waited: int,
    conditions: Conditions,
) -> Outcome:
    last = calls[-1]
    adequate, under, over = _routing(decision.model, recorded, conditions)
    return Outcome(
        class_key=decision.class_key,
        model=decision.model,
        served=last.model,
        path=tuple((call.model, call.kind) for call in calls),
        decision=decision,
        # Whatever was graded: no answer reached the user.
        quality=last.recorded.quality if last.kind is None else 0,
        cost=_total_cost(calls),
        spent=_spent(calls),
        latency=_total_latency(calls, waited),
        error=last.kind,
        adequate=adequate,
        under_routed=under,
        over_routed=over,
    )


def _total_cost(calls: list[_Call]) -> int | None:
    """All attempts; one given up without a recorded cost counts as free, the kept one does not."""
    return None if calls[-1].recorded.cost is None else _spent(calls)


def _spent(calls: list[_Call]) -> int:
    return sum(call.recorded.cost or 0 for call in calls)


def _total_latency(calls: list[_Call], waited: int) -> int | None:
    total = waited
    for call in calls:
        if call.latency is None:
            return None
        total += call.latency
    return total


def _routing(
    chosen: str | None, recorded: RecordedRequest, conditions: Conditions
) -> tuple[bool | None, bool | None, bool | None]:
    """(adequate, under-routed, over-routed) of the chosen model; None where unknown.

    Adequate: its first call gave an answer whose quality reaches `adequate_at`. Over-routed: an
    adequate model of the yardstick is cheaper. Under-routed: it is not adequate, and those that
    are cost more; where a cost is unknown, an adequate one is taken to cost more. A refusal costs
    nothing and answers nothing.
    """
    worth, cost = (0, 0) if chosen is None else _first_call(recorded, chosen, conditions)
    if worth is None:
        return None, None, None
    others = [_first_call(recorded, model, conditions) for model in conditions.yardstick]
    adequate = worth >= conditions.adequate_at
    costs = [c for w, c in others if w is not None and w >= conditions.adequate_at]
    cheaper = cost is not None and any(c is not None and c < cost for c in costs)
    if cheaper:
        return adequate, False, True
    unknown = any(w is None for w, _ in others)
    under = False if adequate else True if costs else None if unknown else False
    unpriced = cost is None or None in costs
    return adequate, under, None if unknown or unpriced else False


def _first_call(
    recorded: RecordedRequest, model: str, conditions: Conditions
) -> tuple[int | None, int | None]:
    """(quality, cost) of a model's first call; a call that fails is worth nothing."""
    call = _call(recorded, model, 0, conditions)
    if call is None:
        return None, None
    return call.recorded.quality if call.kind is None else 0, call.recorded.cost


def _refused(decision: Decision, recorded: RecordedRequest, conditions: Conditions) -> Outcome:
    adequate, under, over = _routing(None, recorded, conditions)
    return Outcome(
        class_key=decision.class_key,
        model=None,
        served=None,
        path=(),
        decision=decision,
        quality=0,
        cost=0,
        error=REFUSED,
        adequate=adequate,
        under_routed=under,
        over_routed=over,
    )


def _unsupported(decision: Decision, model: str, calls: list[_Call]) -> Outcome:
    return Outcome(
        class_key=decision.class_key,
        model=decision.model,
        served=None,
        path=(*((call.model, call.kind) for call in calls), (model, None)),
        decision=decision,
        spent=_spent(calls),
        unsupported=model,
    )
