"""Recorded requests, read back from a stored dataset one chunk at a time."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from evaluations.datasets.database import open_reader
from evaluations.datasets.sealing import Part, where
from evaluations.replay.prices import RecordedCosts
from policies.engine import Request

_BATCH = 8192
_HASHES = 2**64
_COLUMNS = (
    "request_id", "cluster", "prompt", "attributes", "model", "quality", "cost", "latency", "error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """What one call of one model gave. Units: 10⁻⁹ quality, 10⁻⁹ US dollars, microseconds."""

    quality: int | None
    cost: int | None
    latency: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request with every recorded call, by model, in the order of the attempts."""

    request_id: str
    cluster: str
    request: Request
    calls: Mapping[str, tuple[RecordedCall, ...]]

    def call(self, model: str, visit: int) -> RecordedCall | None:
        """The model's call number `visit` (0 first); the last recorded one stands for later ones.

        None when the model was never called for this request.
        """
        calls = self.calls.get(model)
        return calls[min(visit, len(calls) - 1)] if calls else None


def read_chunk(
    path: Path, index: int, count: int, part: Part | None = None
) -> Iterator[RecordedRequest]:
    """Requests of chunk `index` of `count`, whole clusters, in the order of their hashes; of a
    part of the dataset only those that lie in it.

    Chunk i holds the clusters whose 64-bit hash lies in the i-th of `count` equal ranges; the file
    is sorted by hash, so a chunk reads only its own row groups.
    """
    condition, values = where(part)
    low = -(-index * _HASHES // count)
    high = -(-(index + 1) * _HASHES // count) - 1
    with open_reader() as connection:
        cursor = connection.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM read_parquet(?) "  # noqa: S608  fixed names
            f"WHERE cluster_hash BETWEEN ?::UBIGINT AND ?::UBIGINT AND {condition} "
            "ORDER BY cluster_hash, cluster, request_id, model, attempt",
            [str(path), low, high, *values],
        )
        for _, rows in groupby(_batches(cursor), key=lambda row: row[0]):
            yield _request(list(rows))


def recorded_costs(path: Path) -> RecordedCosts:
    """What the calls of a dataset cost at most."""
    with open_reader() as connection:
        rows = connection.execute(
            "SELECT model, max(cost), max(input_tokens), max(output_tokens), "
            "count(*) FILTER (cost > 0 AND (input_tokens IS NULL OR output_tokens IS NULL)) "
            "FROM read_parquet(?) GROUP BY model ORDER BY model",
            [str(path)],
        ).fetchall()
    counted = not any(missing for *_, missing in rows)
    sent, received = (max((row[i] or 0 for row in rows), default=0) for i in (2, 3))
    return RecordedCosts(
        dearest={model: cost or 0 for model, cost, *_ in rows},
        tokens=(sent, received) if counted and sent + received else None,
    )


def _batches(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := cursor.fetchmany(_BATCH):
        yield from batch


def _request(rows: list[tuple[Any, ...]]) -> RecordedRequest:
    request_id, cluster, prompt, attributes = rows[0][:4]
    values = json.loads(attributes)
    tokens = values.get("prompt_tokens_est")
    calls: dict[str, list[RecordedCall]] = {}
    for row in rows:
        calls.setdefault(row[4], []).append(RecordedCall(*row[5:]))
    request = Request(
        attributes=values,
        prompt=prompt,
        request_id=request_id,
        input_tokens=tokens if isinstance(tokens, int) else None,
    )
    return RecordedRequest(
        request_id, cluster, request, {model: tuple(c) for model, c in calls.items()}
    )
