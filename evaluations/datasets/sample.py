"""A few rows of a stored dataset, for people to read."""

import json
from pathlib import Path
from typing import Any

import duckdb

NANO = 1_000_000_000
_PROMPT = 240


def sample_rows(path: Path, count: int) -> list[dict[str, Any]]:
    """The first rows in file order, in everyday units; empty when the file is gone."""
    if not path.exists():
        return []
    with duckdb.connect() as connection:
        connection.execute("SET threads=1")
        rows = connection.execute(
            "SELECT request_id, prompt, attributes, model, attempt, quality, cost, latency, error "
            "FROM read_parquet(?) LIMIT ?",
            [str(path), count],
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
