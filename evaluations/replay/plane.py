"""The cost–quality plane of a dataset: each model alone, a random choice, and the oracle."""

from operator import add
from typing import Any

from evaluations.replay.recorded import RecordedCall, RecordedRequest

_MOST_HELD = 1024  # calls of one model


class Plane:
    """Sums for the points that need no policy. Units: 10⁻⁹ quality, 10⁻⁹ US dollars.

    The oracle takes, per request, the cheapest adequate model of the pool, else the cheapest; ties
    go to the name that sorts first. It and the random choice need a full matrix.
    """

    def __init__(self, pool: tuple[str, ...], full: bool) -> None:
        self.pool = tuple(sorted(pool)) if full else ()
        self._models: dict[str, list[int]] = {}  # n quality, quality, n cost, cost, errors
        self._held: dict[str, list[RecordedCall]] = {}  # first calls, not yet in these sums
        self.oracle = [0, 0, 0, 0]  # n, quality, cost, requests with an adequate model

    def add(self, recorded: RecordedRequest, adequate_at: int) -> None:
        """Count one request: the first recorded call of each model."""
        for model, calls in recorded.calls.items():
            held = self._held.get(model)
            if held is None:
                held = self._held[model] = []
            held.append(calls[0])
            if len(held) == _MOST_HELD:
                self._add_held(model)
        if self.pool:
            self._add_oracle(recorded, adequate_at)

    def _add_held(self, model: str) -> None:
        held, self._held[model] = self._held[model], []
        qualities = [call.quality for call in held if call.quality is not None]
        costs = [call.cost for call in held if call.cost is not None]
        errors = sum(call.error is not None for call in held)
        more = (len(qualities), sum(qualities), len(costs), sum(costs), errors)
        self._models[model] = [*map(add, self._models.get(model, [0] * 5), more)]

    def _add_oracle(self, recorded: RecordedRequest, adequate_at: int) -> None:
        best: tuple[bool, int, str] | None = None
        quality = 0
        for model in self.pool:
            first = recorded.calls[model][0]
            if first.cost is None or first.quality is None:
                return
            key = (first.quality < adequate_at, first.cost, model)
            if best is None or key < best:
                best, quality = key, first.quality
        if best is not None:
            self.oracle[0] += 1
            self.oracle[1] += quality
            self.oracle[2] += best[1]
            self.oracle[3] += not best[0]

    def as_json(self) -> dict[str, Any]:
        """Plain sums, to be merged with those of other chunks."""
        for model in self._held:
            self._add_held(model)
        return {"models": self._models, "oracle": self.oracle}
