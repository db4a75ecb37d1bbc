"""Requests of a stored dataset for the blast radius: only what the two bundles ask for is read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from evaluations.datasets.database import open_reader
from evaluations.datasets.sealing import Part, where
from evaluations.impact.traffic import DIVISIONS, TrafficRequest, Use
from policies.engine import Request

_BATCH = 4096
_HASHES = 2**64


def read_traffic(
    path: Path,
    models: Collection[str],
    *,
    with_prompts: bool,
    divided_by: str,
    share: float = 1.0,
    part: Part | None = None,
) -> Iterator[TrafficRequest]:
    """Each request once, with the first calls of `models`.

    Prompts are read only `with_prompts`. A `share` below 1 takes whole conversations, always the
    same ones; a `part` only those that lie in it.
    """
    condition, values = where(part)
    prompt = "any_value(prompt)" if with_prompts else "NULL"
    query = (
        f"SELECT request_id, any_value(cluster), any_value(attributes), {prompt}, "  # noqa: S608
        "list(model), list(cost), list(input_tokens), list(output_tokens) FROM "
        "(SELECT * REPLACE (CASE WHEN list_contains(?, model) THEN model END AS model) "
        f"FROM read_parquet(?) WHERE cluster_hash <= ?::UBIGINT AND {condition} "
        "ORDER BY attempt DESC) "
        "GROUP BY request_id"
    )
    last = min(_HASHES - 1, int(share * _HASHES))
    with open_reader() as connection:
        cursor = connection.execute(query, [sorted(models), str(path), last, *values])
        while batch := cursor.fetchmany(_BATCH):
            for row in batch:
                yield _request(row, divided_by)


def division(attributes: Collection[str]) -> str:
    """The attribute by which requests are told apart for whom they serve; empty without one."""
    return next((name for name in DIVISIONS if name in attributes), "")


def _request(row: tuple[Any, ...], divided_by: str) -> TrafficRequest:
    request_id, cluster, text, prompt, *columns = row
    attributes = _attributes(text)
    tokens = attributes.get("prompt_tokens_est")
    calls = {model: Use(*use) for model, *use in zip(*columns, strict=True) if model is not None}
    request = Request(
        attributes=attributes,
        prompt=prompt,
        request_id=request_id,
        input_tokens=tokens if isinstance(tokens, int) else None,
    )
    return TrafficRequest(request, cluster, calls, str(attributes.get(divided_by, "")))


@lru_cache(maxsize=4096)
def _attributes(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found
