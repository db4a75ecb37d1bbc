"""One recorded request through one bundle: decide, call, fall back, until an answer or the end.

The engine decides every step; recorded calls stand in for the models. Nothing here is random.
"""

from collections import Counter
from collections.abc import Mapping
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
    `yardstick`: models compared with for over- and under-routing.
    """

    adequate_at: int = NANO // 2
    timeouts: Mapping[str, int] = field(default_factory=dict)
    yardstick: tuple[str, ...] = ()

    def timeout(self, model: str) -> int | None:
        """The time limit of calls to this model, in microseconds; None for no limit."""
        return self.timeouts.get(model, self.timeouts.get("*"))


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
        return _refused(decision)
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
    quality = last.recorded.quality
    if last.kind is not None and quality is None:
        quality = 0  # no answer reached the user; leaving it out would flatter a failing policy
    adequate, under, over = _routing(str(decision.model), recorded, conditions)
    return Outcome(
        class_key=decision.class_key,
        model=decision.model,
        served=last.model,
        path=tuple((call.model, call.kind) for call in calls),
        quality=quality,
        cost=_total_cost(calls),
        latency=_total_latency(calls, waited),
        error=last.kind,
        adequate=adequate,
        under_routed=under,
        over_routed=over,
    )


def _total_cost(calls: list[_Call]) -> int | None:
    """All attempts; one given up without a recorded cost counts as free, the kept one does not."""
    last = calls[-1].recorded.cost
    return None if last is None else last + sum(c.recorded.cost or 0 for c in calls[:-1])


def _total_latency(calls: list[_Call], waited: int) -> int | None:
    total = waited
    for call in calls:
        if call.latency is None:
            return None
        total += call.latency
    return total


def _routing(
    chosen: str, recorded: RecordedRequest, conditions: Conditions
) -> tuple[bool | None, bool | None, bool | None]:
    """(adequate, under-routed, over-routed) of the chosen model; None where unknown.

    Adequate: its first recorded quality reaches `adequate_at`. Over-routed: an adequate model of
    the yardstick is cheaper. Under-routed: it is not adequate, and those that are cost more; where
    a cost is unknown, an adequate one is taken to cost more.
    """
    own = recorded.call(chosen, 0)
    if own is None or own.quality is None:
        return None, None, None
    adequate = own.quality >= conditions.adequate_at
    costs: list[int | None] = []
    for model in conditions.yardstick:
        call = recorded.call(model, 0)
        if call is None or call.quality is None:
            return adequate, None, None
        if call.quality >= conditions.adequate_at:
            costs.append(call.cost)
    cheaper = own.cost is not None and any(c is not None and c < own.cost for c in costs)
    under = not adequate and bool(costs) and not cheaper
    unpriced = own.cost is None or None in costs
    return adequate, under, None if unpriced and not cheaper else cheaper


def _refused(decision: Decision) -> Outcome:
    return Outcome(
        class_key=decision.class_key,
        model=None,
        served=None,
        path=(),
        quality=0,
        cost=0,
        error=REFUSED,
        adequate=False,
    )


def _unsupported(decision: Decision, model: str, calls: list[_Call]) -> Outcome:
    return Outcome(
        class_key=decision.class_key,
        model=decision.model,
        served=None,
        path=(*((call.model, call.kind) for call in calls), (model, None)),
        unsupported=model,
    )
