"""Files of outcomes for tests, and the way from a file to requests in memory."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluations.datasets.storage import StoredDataset, import_file
from evaluations.replay.chunk import Plan, evaluate_chunk
from evaluations.replay.judgement import EvidenceLimits
from evaluations.replay.merge import merge
from evaluations.replay.outcome import NANO
from evaluations.replay.recorded import RecordedRequest, read_chunk
from evaluations.replay.report import Report, build_report
from evaluations.replay.walk import Conditions
from policies.engine import Bundle


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
class Loaded:
    """A stored dataset with its requests in memory."""

    stored: StoredDataset
    requests: list[RecordedRequest]

    @property
    def priced(self) -> tuple[str, ...]:
        models = self.stored.summary["models"]
        return tuple(name for name, counts in models.items() if not counts["null_cost"])

    @property
    def is_full(self) -> bool:
        return bool(self.stored.summary["shape"] == "full")

    def plan(
        self, baseline: Bundle, candidate: Bundle, *, adequate_at: float = 0.5,
        timeouts: dict[str, int] | None = None, yardstick: Iterable[str] | None = None,
    ) -> Plan:  # fmt: skip
        """A plan with the yardstick and pool that a run would have."""
        named = baseline.model_names() | candidate.model_names()
        recorded = self.stored.summary["models"].keys()
        models = tuple(sorted(named & recorded)) if yardstick is None else tuple(yardstick)
        conditions = Conditions(round(adequate_at * NANO), timeouts or {}, models)
        pool = self.priced if self.is_full else ()
        return Plan(baseline, candidate, conditions, pool, self.is_full)

    def report(self, baseline: Bundle, candidate: Bundle, **extra: Any) -> Report:
        """The report of the whole dataset in one chunk."""
        plan = self.plan(baseline, candidate, **extra)
        return report_of(plan, {0: evaluate_chunk(plan, self.requests)})


def report_of(plan: Plan, chunks: dict[int, Any]) -> Report:
    """The report of chunks."""
    thresholds = plan.candidate.quality_thresholds.thresholds
    return build_report(merge(chunks), thresholds, EvidenceLimits(), plan.pool, {})


def load(source: Path, directory: Path, name: str | None = None) -> Loaded:
    """Import a file and read it all back."""
    stored = import_file(source, name or source.name, directory)
    return Loaded(stored, list(read_chunk(stored.path, 0, 1)))


def metric(report: Report, name: str, class_key: str = "*") -> dict[str, Any]:
    """One metric's row of a report."""
    found = [m for m in report.body["metrics"] if (m["metric"], m["class"]) == (name, class_key)]
    row_: dict[str, Any] = found[0]
    return row_


RealData = Callable[[str], Path]
