"""Datasets as Parquet files named by the digest of their rows.

Import streams three times over the rows (validate; compare the rows of each request; write), with
DuckDB sorting on disk between, so a file larger than memory can be imported. The digest is taken
over the rows sorted by (request_id, model, attempt), so the order of the file does not matter.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from evaluations.datasets.grouping import FeatureSplit, by_request, check_group
from evaluations.datasets.problems import DatasetError, Problems, refuse
from evaluations.datasets.reading import batch_of, read_rows
from evaluations.datasets.rows import OutcomeRow, read_row
from evaluations.datasets.summary import Summary

# So many faults say what is wrong with a file.
_ENOUGH_FAULTS = 10_000
_SORTED_IN = "512MB"  # what does not fit is sorted on disk
_JSON_FIELDS = ("attributes", "derived", "features")  # the last ones of a row
_RAW_TYPES = {
    "line": "BIGINT",
    "request_id": "VARCHAR",
    "conversation_id": "VARCHAR",
    "prompt": "VARCHAR",
    "model": "VARCHAR",
    "attempt": "BIGINT",
    "quality": "BIGINT",
    "cost": "BIGINT",
    "latency": "BIGINT",
    "input_tokens": "BIGINT",
    "output_tokens": "BIGINT",
    "error": "VARCHAR",
    "attributes": "VARCHAR",
    "derived": "VARCHAR",
    "features": "VARCHAR",
}
# Made once, since json.dumps makes an encoder anew at every call that asks for a layout.
_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
STORED_TYPES = {
    "request_id": "VARCHAR",
    "cluster": "VARCHAR",
    "cluster_hash": "UBIGINT",
    "prompt": "VARCHAR",
    "attributes": "VARCHAR",
    "model": "VARCHAR",
    "attempt": "BIGINT",
    "quality": "BIGINT",
    "cost": "BIGINT",
    "latency": "BIGINT",
    "input_tokens": "BIGINT",
    "output_tokens": "BIGINT",
    "error": "VARCHAR",
}


@dataclass(frozen=True, slots=True)
class StoredDataset:
    """A file in place: `digest` as "sha256:<hex>", and the summary shown on its page."""

    digest: str
    path: Path
    summary: dict[str, Any]


def dataset_path(directory: Path, digest: str) -> Path:
    """Where the dataset of this digest lies."""
    return directory / f"{digest.removeprefix('sha256:')}.parquet"


def cluster_hash(cluster: str) -> int:
    """The first 64 bits of SHA-256 of a cluster's name: decides its chunk, evenly, for good."""
    return int.from_bytes(hashlib.sha256(cluster.encode()).digest()[:8], "big")


def import_file(source: Path, name: str, directory: Path) -> StoredDataset:
    """Read `source` (called `name`) into `directory`; the same rows give the same file.

    Raises DatasetError with every fault found; nothing is stored then.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".import-") as scratch_name:
        scratch = Path(scratch_name)
        problems = Problems()
        _write_raw(source, name, scratch / "raw.ndjson", problems)
        try:
            return _stored(scratch, directory, problems)
        except duckdb.Error as error:
            raise refuse(
                "The file cannot be sorted here: its rows are too large together, or the disk is "
                "full. Split it, or shorten its prompts."
            ) from error


def _stored(scratch: Path, directory: Path, problems: Problems) -> StoredDataset:
    with duckdb.connect(str(scratch / "sort.duckdb")) as connection:
        connection.execute(f"SET threads=1; SET memory_limit='{_SORTED_IN}'")
        _load(connection, scratch / "raw.ndjson")
        features = _split_features(connection, problems)
        if problems.total:
            raise DatasetError(problems)
        summary, digest = _write_stored(connection, features, scratch / "rows.ndjson")
        target = dataset_path(directory, digest)
        if not target.exists():
            _copy_to_parquet(connection, scratch / "rows.ndjson", scratch / "rows.parquet")
            (scratch / "rows.parquet").replace(target)
    return StoredDataset(digest, target, summary)


def _write_raw(source: Path, name: str, target: Path, problems: Problems) -> None:
    count = 0
    with target.open("w", encoding="utf-8") as out:
        for line, raw in read_rows(source, name, problems):
            row = read_row(line, raw, problems)
            count += 1
            if problems.total >= _ENOUGH_FAULTS:
                raise DatasetError(problems)
            if row is not None:
                out.write(_raw_line(row))
    if not count and not problems.total:
        raise refuse("The file holds no rows.")


def _raw_line(row: OutcomeRow) -> str:
    values = {name: getattr(row, name) for name in _RAW_TYPES}
    for name in _JSON_FIELDS:
        if values[name] is not None:
            values[name] = _as_json(values[name])
    return _as_json(values) + "\n"


def _load(connection: duckdb.DuckDBPyConnection, raw: Path) -> None:
    connection.execute(
        "CREATE TABLE raw AS SELECT * FROM read_json("
        "?, format='newline_delimited', columns=?, maximum_object_size=16777216)",
        [str(raw), _RAW_TYPES],
    )


def _sorted_rows(connection: duckdb.DuckDBPyConnection) -> Iterator[OutcomeRow]:
    plain = [field.name for field in fields(OutcomeRow) if field.name not in _JSON_FIELDS]
    names = ", ".join((*plain, *_JSON_FIELDS))
    cursor = connection.cursor()
    texts = "strlen(concat(prompt, attributes, derived, features))"
    cursor.execute(f"SELECT coalesce(max({texts}), 0) FROM raw")  # noqa: S608  fixed names
    ((longest,),) = cursor.fetchall()
    batch = batch_of(longest)
    cursor.execute(f"SELECT {names} FROM raw ORDER BY request_id, model, attempt, line")  # noqa: S608  fixed names
    while found := cursor.fetchmany(batch):
        for values in found:
            yield OutcomeRow(*values[: len(plain)], *map(_loaded, values[len(plain) :]))


@lru_cache(maxsize=4096)
def _loaded(text: str | None) -> dict[str, Any] | None:
    # The rows of one request repeat the same texts; the shared dicts are only read.
    return None if text is None else json.loads(text)


def _split_features(connection: duckdb.DuckDBPyConnection, problems: Problems) -> FeatureSplit:
    features = FeatureSplit()
    for group in by_request(_sorted_rows(connection)):
        check_group(group, problems)
        features.observe(group)
    return features


def _write_stored(
    connection: duckdb.DuckDBPyConnection, features: FeatureSplit, target: Path
) -> tuple[dict[str, Any], str]:
    summary = Summary()
    digest = hashlib.sha256()
    with target.open("w", encoding="utf-8") as out:
        for group in by_request(_sorted_rows(connection)):
            attributes = features.attributes(group[0])
            summary.add(group, attributes)
            text = _as_json(attributes)
            for row in group:
                line = _as_json(_stored_values(row, text))
                digest.update(line.encode() + b"\n")
                out.write(line + "\n")
    return summary.as_json(features), f"sha256:{digest.hexdigest()}"


def _stored_values(row: OutcomeRow, attributes: str) -> dict[str, Any]:
    cluster = row.conversation_id or row.request_id
    values = (
        row.request_id, cluster, cluster_hash(cluster), row.prompt, attributes, row.model,
        row.attempt, row.quality, row.cost, row.latency, row.input_tokens, row.output_tokens,
        row.error,
    )  # fmt: skip
    return dict(zip(STORED_TYPES, values, strict=True))


def _copy_to_parquet(connection: duckdb.DuckDBPyConnection, rows: Path, target: Path) -> None:
    # Sorted by hash, each chunk is one run of row groups, so a chunk reads only its own part.
    source = connection.read_json(
        str(rows), format="newline_delimited", columns=STORED_TYPES, maximum_object_size=2**24
    )
    ordered = source.order("cluster_hash, cluster, request_id, model, attempt")
    ordered.write_parquet(str(target), compression="zstd", row_group_size=16384)
