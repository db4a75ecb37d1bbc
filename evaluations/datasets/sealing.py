"""The sealed share of a dataset: conversations that only a run on the evidence plan reads.

A conversation's place follows from a hash of its name and the dataset's digest, so that nobody
chooses it, and a larger share seals the same conversations and more.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from evaluations.datasets.database import open_reader

_HASHES = 2**64


@dataclass(frozen=True, slots=True)
class Part:
    """The sealed conversations of a dataset, or all the others. `share` is above 0, below 1."""

    dataset_digest: str
    share: float
    is_sealed: bool

    @property
    def salt(self) -> str:
        return f"{self.dataset_digest} sealed "

    @property
    def _edge(self) -> str:
        """Sixteen hex digits: hashes of the sealed conversations come before."""
        return f"{min(_HASHES - 1, int(self.share * _HASHES)):016x}"

    def holds(self, cluster: str) -> bool:
        """Whether a conversation is in this part."""
        hashed = hashlib.sha256(f"{self.salt}{cluster}".encode()).hexdigest()[:16]
        return (hashed < self._edge) == self.is_sealed

    @property
    def condition(self) -> str:
        """The same in SQL, on the column `cluster`, with the two values of `values`."""
        return f"substr(sha256(? || cluster), 1, 16) {'<' if self.is_sealed else '>='} ?"

    @property
    def values(self) -> list[str]:
        return [self.salt, self._edge]


def where(part: Part | None) -> tuple[str, list[str]]:
    """(condition, values) in SQL; without a part every conversation."""
    return (part.condition, part.values) if part is not None else ("true", [])


@lru_cache(maxsize=256)  # a file is named by the digest of its rows
def count_requests(path: Path, part: Part) -> int:
    """How many requests of a stored dataset lie in a part. Raises duckdb.Error or OSError."""
    with open_reader() as connection:
        found = connection.execute(
            "SELECT count(DISTINCT request_id) FROM read_parquet(?) "  # noqa: S608  fixed words
            f"WHERE {part.condition}",
            [str(path), *part.values],
        ).fetchone()
    return int(found[0]) if found else 0
