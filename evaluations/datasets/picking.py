"""Some recorded requests of a stored dataset, to look at one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evaluations.datasets.database import open_reader
from evaluations.datasets.sealing import Part, where
from policies.engine import Request

# Rows that may be read for one answer: a page must not scan a large file.
_MOST_ROWS = 400_000


def pick_requests(
    path: Path, *, wanted: str, seed: int, most: int, part: Part | None = None
) -> Iterator[Request]:
    """Up to ``most`` requests whose id holds ``wanted``, in an order that ``seed`` shuffles; with
    a wanted id in the order of the ids; of a part only what lies in it.

    Raises duckdb.Error or OSError for a file that is gone.
    """
    order = "request_id" if wanted else "shuffled, request_id"
    condition, values = where(part)
    with open_reader() as connection:
        cursor = connection.execute(
            "SELECT request_id, any_value(prompt), any_value(attributes), "  # noqa: S608  fixed words
            "hash(request_id, ?::BIGINT) AS shuffled "
            f"FROM (SELECT * FROM read_parquet(?) LIMIT {_MOST_ROWS}) "
            f"WHERE contains(lower(request_id), lower(?)) AND {condition} "
            f"GROUP BY request_id ORDER BY {order} LIMIT ?",
            [seed, str(path), wanted, *values, most],
        )
        while batch := cursor.fetchmany(256):
            yield from (_request(row) for row in batch)


def _request(row: tuple[Any, ...]) -> Request:
    request_id, prompt, attributes, _ = row
    values = json.loads(attributes)
    tokens = values.get("prompt_tokens_est")
    return Request(
        attributes=values,
        prompt=prompt,
        request_id=request_id,
        input_tokens=tokens if isinstance(tokens, int) else None,
    )
