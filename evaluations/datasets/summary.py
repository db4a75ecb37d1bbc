"""What a dataset holds, gathered in one pass: models, tasks, attributes, shape."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from evaluations.datasets.grouping import FeatureSplit
from evaluations.datasets.rows import OutcomeRow, Scalar

LISTED_VALUES = 100


@dataclass
class ModelCount:
    """Rows of one model and how many lack what."""

    requests: int = 0
    rows: int = 0
    null_quality: int = 0
    null_cost: int = 0
    null_latency: int = 0
    errors: int = 0


@dataclass
class Summary:
    """Totals of a dataset; `as_json` is what is stored and shown."""

    rows: int = 0
    requests: int = 0
    models: dict[str, ModelCount] = field(default_factory=lambda: defaultdict(ModelCount))
    tasks: Counter[str] = field(default_factory=Counter)
    values: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    kinds: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    clusters: set[str] = field(default_factory=set)
    single_model_requests: int = 0

    def add(self, group: Sequence[OutcomeRow], attributes: dict[str, Scalar]) -> None:
        """Count one request with all its rows."""
        first = group[0]
        self.requests += 1
        self.rows += len(group)
        self.clusters.add(first.conversation_id or first.request_id)
        self.tasks[str(attributes.get("task", "—"))] += 1
        models = {row.model for row in group}
        self.single_model_requests += len(models) == 1
        for model in models:
            self.models[model].requests += 1
        for row in group:
            _count(self.models[row.model], row)
        for name, value in attributes.items():
            self.kinds[name].add(_kind(value))
            if isinstance(value, str) and len(self.values[name]) <= LISTED_VALUES:
                self.values[name][value] += 1

    @property
    def shape(self) -> str:
        """`full`: each request has each model; `logged`: one model each; else `partial`."""
        if all(m.requests == self.requests for m in self.models.values()):
            return "full"
        return "logged" if self.single_model_requests == self.requests else "partial"

    def as_json(self, features: FeatureSplit) -> dict[str, Any]:
        """Plain values for storage; lists and keys sorted."""
        return {
            "rows": self.rows,
            "requests": self.requests,
            "clusters": len(self.clusters),
            "shape": self.shape,
            "models": {name: vars(self.models[name]).copy() for name in sorted(self.models)},
            "tasks": {name: self.tasks[name] for name in sorted(self.tasks)},
            "attributes": {name: self._attribute(name) for name in sorted(self.kinds)},
            "excluded_features": dict(sorted(features.excluded.items())),
        }

    def _attribute(self, name: str) -> dict[str, Any]:
        kinds = sorted(self.kinds[name])
        counted = self.values.get(name, Counter())
        complete = kinds == ["category"] and len(counted) <= LISTED_VALUES
        values = sorted(counted) if complete else None
        return {"type": kinds[0] if len(kinds) == 1 else "mixed", "values": values}


def _count(model: ModelCount, row: OutcomeRow) -> None:
    model.rows += 1
    model.null_quality += row.quality is None
    model.null_cost += row.cost is None
    model.null_latency += row.latency is None
    model.errors += row.error is not None


def _kind(value: Scalar) -> str:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, list):
        return "set"
    return "category" if isinstance(value, str) else "number"
