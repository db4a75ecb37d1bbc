"""Chunks → totals: integer addition, concatenation and a bounded sort; order never matters."""

from collections.abc import Mapping
from typing import Any

from evaluations.replay.chunk import ChunkStats
from evaluations.replay.examples import most_changed


def merge(chunks: Mapping[int, ChunkStats]) -> ChunkStats:
    """The totals of chunks keyed by their index (so that one delivered twice counts once)."""
    sums: dict[str, Any] = {}
    latencies: dict[str, list[list[Any]]] = {"latency": [], "assumed_latency": []}
    lost: list[dict[str, Any]] = []
    gained: list[dict[str, Any]] = []
    for index in sorted(chunks):
        chunk = chunks[index]
        sums = add(sums, chunk["sums"])
        # A cluster's number counts within its chunk; with the chunk's index it is unique.
        for name, rows in latencies.items():
            rows.extend([(index, row[0]), *row[1:]] for row in chunk[name])
        lost.extend(chunk["examples"]["lost"])
        gained.extend(chunk["examples"]["gained"])
    return {
        "sums": sums,
        **latencies,
        "examples": {"lost": most_changed(lost), "gained": most_changed(gained)},
    }


def add(left: Any, right: Any) -> Any:
    """Sum of two nests of dicts, equally long lists and integers; a missing key counts as zero."""
    if isinstance(left, dict):
        merged = dict(left)
        for key, value in right.items():
            merged[key] = add(merged[key], value) if key in merged else value
        return merged
    if isinstance(left, list):
        return [add(x, y) for x, y in zip(left, right, strict=True)]
    return left + right
