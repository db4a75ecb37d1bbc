"""Files of outcomes for tests, and the way from a file to requests in memory."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from evaluations.datasets.storage import StoredDataset, import_file
from evaluations.replay.chunk import Plan, evaluate_chunk
from evaluations.replay.merge import merge
from evaluations.replay.outcome import NANO
from evaluations.replay.prices import RecordedCosts, cost_ceilings
from evaluations.replay.recorded import RecordedCall, RecordedRequest, read_chunk
from evaluations.replay.report import Report, build_report
from evaluations.replay.support import Support
from evaluations.replay.walk import Conditions, yardstick
from policies.engine import Bundle, Request


def row(request_id: str, model: str, quality: float | None = 1.0, **extra: Any) -> dict[str, Any]:
    """One outcome with sensible values."""
    return {
        "request_id": request_id,
        "dataset": "made-up",
        "task": "answer",
        "prompt": None,
        "prompt_tokens_est": 10,
        "model": model,
        "attempt": 0,
        "quality": quality,
        "input_tokens": 10,
        "output_tokens": 20,
        "cost_usd": 0.001,
        "latency_ms": 100.0,
        "error": None,
        "features": {},
        **extra,
    }


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """Rows as JSON lines."""
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a gzipped JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@dataclass(frozen=True)
class Held:
    """Recorded requests in memory, and what is told of a dataset of them."""

    requests: list[RecordedRequest]
    tokens: ClassVar[tuple[int, int] | None] = (10, 20)  # those of every row

    @cached_property
    def models(self) -> tuple[str, ...]:
        return tuple(sorted({model for request in self.requests for model in request.calls}))

    @cached_property
    def costs(self) -> RecordedCosts:
        dearest: dict[str, int] = {}
        for model, call in self._calls():
            dearest[model] = max(dearest.get(model, 0), call.cost or 0)
        return RecordedCosts(dearest, self.tokens)

    @cached_property
    def priced(self) -> tuple[str, ...]:
        unpriced = {model for model, call in self._calls() if call.cost is None}
        return tuple(model for model in self.models if model not in unpriced)

    @cached_property
    def is_full(self) -> bool:
        return all(len(request.calls) == len(self.models) for request in self.requests)

    def _calls(self) -> Iterator[tuple[str, RecordedCall]]:
        for request in self.requests:
            for model, calls in request.calls.items():
                yield from ((model, call) for call in calls)

    def plan(
        self, baseline: Bundle, candidate: Bundle, *, adequate_at: float = 0.5,
        timeouts: dict[str, int] | None = None, compares: bool = True,
    ) -> Plan:  # fmt: skip
        """A plan with the yardstick and pool that a run would have."""
        models = yardstick(baseline, candidate, self.models)
        return Plan(
            baseline=baseline,
            candidate=candidate,
            conditions=Conditions(round(adequate_at * NANO), timeouts or {}, models),
            pool=self.priced if self.is_full else (),
            full=self.is_full,
            models=self.models,
            costs=cost_ceilings(candidate, baseline, self.costs),
            compares=compares,
        )

    def report(
        self, baseline: Bundle, candidate: Bundle, *, support: Support | None = None,
        look: int = 0, **extra: Any,
    ) -> Report:  # fmt: skip
        """The report of the whole dataset in one chunk."""
        plan = self.plan(baseline, candidate, **extra)
        return report_of(plan, {0: evaluate_chunk(plan, self.requests)}, support, look)


@dataclass(frozen=True)
class Loaded(Held):
    """A stored dataset with its requests in memory."""

    stored: StoredDataset


def report_of(
    plan: Plan, chunks: dict[int, Any], support: Support | None = None, look: int = 0
) -> Report:
    """The report of chunks."""
    return build_report(merge(chunks), plan, support or Support(), {}, look)


def load(source: Path, directory: Path, name: str | None = None) -> Loaded:
    """Import a file and read it all back."""
    stored = import_file(source, name or source.name, directory)
    return Loaded(list(read_chunk(stored.path, 0, 1)), stored)


def held(rows: Iterable[dict[str, Any]]) -> Held:
    """Rows as an import would store them, without a file: one call of a model for a request."""
    found: dict[str, tuple[dict[str, Any], dict[str, tuple[RecordedCall, ...]]]] = {}
    for item in rows:
        call = RecordedCall(
            quality=None if item["quality"] is None else round(item["quality"] * NANO),
            cost=None if item["cost_usd"] is None else round(item["cost_usd"] * NANO),
            latency=None if item["latency_ms"] is None else round(item["latency_ms"] * 1000),
            error=item["error"],
        )
        _, calls = found.setdefault(item["request_id"], (item, {}))
        calls[item["model"]] = (call,)
    requests = [_held_request(name, item, calls) for name, (item, calls) in found.items()]
    return Held(sorted(requests, key=lambda request: request.cluster))


def _held_request(
    name: str, item: dict[str, Any], calls: dict[str, tuple[RecordedCall, ...]]
) -> RecordedRequest:
    tokens = item["prompt_tokens_est"]
    request = Request({"task": item["task"], "prompt_tokens_est": tokens}, None, name, tokens)
    return RecordedRequest(name, item.get("conversation_id", name), request, calls)


def metric(report: Report, name: str, class_key: str = "*") -> dict[str, Any]:
    """One metric's row of a report."""
    found = [m for m in report.body["metrics"] if (m["metric"], m["class"]) == (name, class_key)]
    row_: dict[str, Any] = found[0]
    return row_


RealData = Callable[[str], Path]
