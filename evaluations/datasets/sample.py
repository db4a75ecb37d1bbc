"""A few rows of a stored dataset, for people to read."""

import json
from pathlib import Path
from typing import Any

from evaluations.datasets.database import open_reader
from evaluations.datasets.sealing import Part, where

NANO = 1_000_000_000
_PROMPT = 240
_LOOKED_AT = 5000  # rows read at most: a page must not scan a large file


def sample_rows(path: Path, count: int, part: Part | None = None) -> list[dict[str, Any]]:
    """One call of each of the first requests, in everyday units; empty when the file is gone. Of a
    part of the dataset only what lies in it.
    """
    if not path.exists():
        return []
    condition, values = where(part)
    with open_reader() as connection:
        rows = connection.execute(
            "SELECT request_id, prompt, attributes, model, attempt, quality, cost, latency, error "  # noqa: S608  fixed words
            f"FROM (FROM read_parquet(?) WHERE {condition} LIMIT ?) "
            "QUALIFY row_number() OVER (PARTITION BY request_id ORDER BY model, attempt) = 1 "
            "ORDER BY request_id LIMIT ?",
            [str(path), *values, _LOOKED_AT, count],
        ).fetchall()
    return [_readable(row) for row in rows]


def _readable(row: tuple[Any, ...]) -> dict[str, Any]:
    request_id, prompt, attributes, model, attempt, quality, cost, latency, error = row
    return {
        "request_id": request_id,
        "prompt": prompt[:_PROMPT] if prompt else None,
        "attributes": json.loads(attributes),
        "model": model,
        "attempt": attempt,
        "quality": None if quality is None else quality / NANO,
        "cost_usd": None if cost is None else cost / NANO,
        "latency_ms": None if latency is None else latency / 1000,
        "error": error,
    }
