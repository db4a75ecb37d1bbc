"""What a policy makes of one recorded request, and the metrics read from it."""

from dataclasses import dataclass, field

from policies.engine import Decision

NANO = 1_000_000_000

# Metrics that are means of one value per request: name → units to one. Order is that of `values`.
MEANS: dict[str, int] = {
    "mean_quality": NANO,
    "route_accuracy": 1,
    "under_routing_rate": 1,
    "fallback_frequency": 1,
    "fallback_depth": 1,
    "amplification": 1,
    "error_rate": 1,
    "mean_cost_usd": NANO,
    "over_routing_rate": 1,
}
# Shares of requests: each value is 0 or 1.
SHARES = frozenset(
    {
        "route_accuracy", "under_routing_rate", "fallback_frequency", "error_rate",
        "over_routing_rate",
    }
)  # fmt: skip
# Means that a few requests may carry, so that their clusters are kept one by one.
SKEWED = frozenset({"mean_cost_usd"})
PERCENTILES: dict[str, int] = {"latency_p50_ms": 50, "latency_p95_ms": 95, "latency_p99_ms": 99}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request under one bundle. Units: 10⁻⁹ quality, 10⁻⁹ US dollars, microseconds.

    `unsupported` names the model whose answer was never recorded; the rest is then unknown.
    `spent` is the known cost of the attempts, whatever else of them is unknown.
    """

    class_key: str
    model: str | None  # the one decided on; None when refused
    served: str | None  # the one whose answer is kept
    path: tuple[tuple[str, str | None], ...]  # (model, failure kind or None) of each attempt
    decision: Decision = field(repr=False)
    quality: int | None = None
    cost: int | None = None
    spent: int = 0
    latency: int | None = None
    error: str | None = None  # failure kind of a request that ended without an answer
    adequate: bool | None = None
    under_routed: bool | None = None
    over_routed: bool | None = None
    unsupported: str | None = None

    @property
    def depth(self) -> int:
        """Targets visited beyond the first."""
        return max(0, len({model for model, _ in self.path}) - 1)

    @property
    def values(self) -> tuple[int | None, ...]:
        """The value of each metric of MEANS, None where unknown."""
        if self.unsupported is not None:
            return (None,) * len(MEANS)
        depth = self.depth
        return (
            self.quality,
            _flag(self.adequate),
            _flag(self.under_routed),
            int(depth > 0),
            depth,
            len(self.path),
            int(self.error is not None),
            self.cost,
            _flag(self.over_routed),
        )


def _flag(value: bool | None) -> int | None:
    return None if value is None else int(value)
