"""The cost–quality plane of a dataset: each model alone, a random choice, and the oracle."""

from typing import Any

from evaluations.replay.recorded import RecordedRequest


class Plane:
    """Sums for the points that need no policy. Units: 10⁻⁹ quality, 10⁻⁹ US dollars.

    The oracle takes, per request, the cheapest adequate model of the pool, else the cheapest; ties
    go to the name that sorts first. It and the random choice need a full matrix.
    """

    def __init__(self, pool: tuple[str, ...], full: bool) -> None:
        self.pool = tuple(sorted(pool)) if full else ()
        self.models: dict[str, list[int]] = {}  # n quality, quality, n cost, cost, errors
        self.oracle = [0, 0, 0, 0]  # n, quality, cost, requests with an adequate model

    def add(self, recorded: RecordedRequest, adequate_at: int) -> None:
        """Count one request: the first recorded call of each model."""
        for model, calls in recorded.calls.items():
            sums = self.models.get(model)
            if sums is None:
                sums = self.models[model] = [0] * 5
            first = calls[0]
            if first.quality is not None:
                sums[0] += 1
                sums[1] += first.quality
            if first.cost is not None:
                sums[2] += 1
                sums[3] += first.cost
            sums[4] += first.error is not None
        if self.pool:
            self._add_oracle(recorded, adequate_at)

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
        return {"models": self.models, "oracle": self.oracle}
