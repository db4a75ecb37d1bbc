"""Files of outcomes → raw rows with their line numbers: JSONL, CSV, Parquet, each also gzipped.

Rows are streamed; nothing here knows what a row must contain.
"""

import csv
import gzip
import io
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import duckdb

from evaluations.datasets.problems import Problems, refuse

RawRow = dict[str, Any]
_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
_MAX_LINE = 4 * 1024 * 1024
_BATCH = 2048


def format_of(name: str) -> tuple[str, bool]:
    """(format, gzipped) from a file's name; DatasetError names the endings that are read."""
    path = Path(name.lower())
    gzipped = path.suffix == ".gz"
    suffix = Path(path.stem).suffix if gzipped else path.suffix
    if suffix not in _SUFFIXES:
        raise refuse(
            f"“{Path(name).name}” has an ending that is not read. "
            "Use .jsonl, .csv or .parquet, each optionally followed by .gz."
        )
    return _SUFFIXES[suffix], gzipped


def read_rows(path: Path, name: str, problems: Problems) -> Iterator[tuple[int, RawRow]]:
    """(line, raw row) of the file at `path` whose original name is `name`.

    Unreadable lines are added to `problems` and skipped. A file that cannot be read at all (not
    gzip, not UTF-8, not Parquet) raises DatasetError.
    """
    kind, gzipped = format_of(name)
    if kind == "parquet":
        with _plain_file(path, gzipped) as plain:
            yield from _parquet_rows(plain)
        return
    with _open_bytes(path, gzipped) as stream:
        try:
            yield from _jsonl_rows(stream, problems) if kind == "jsonl" else _csv_rows(stream)
        except (gzip.BadGzipFile, EOFError) as error:
            raise refuse(f"The gzip data is damaged or cut short ({error}).") from error
        except UnicodeDecodeError as error:
            raise refuse("The file is not UTF-8 text. Save it as UTF-8.") from error


def _open_bytes(path: Path, gzipped: bool) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if gzipped else path.open("rb")


def _jsonl_rows(stream: IO[bytes], problems: Problems) -> Iterator[tuple[int, RawRow]]:
    line = 0
    while raw := stream.readline(_MAX_LINE + 1):
        line += 1
        if len(raw) > _MAX_LINE:
            raise refuse(f"The line is longer than {_MAX_LINE // 2**20} MB; split the file.", line)
        if not raw.strip():
            continue
        row = _json_object(raw, line, problems)
        if row is not None:
            yield line, row


def _json_object(raw: bytes, line: int, problems: Problems) -> RawRow | None:
    try:
        row = json.loads(raw.decode("utf-8-sig" if line == 1 else "utf-8"))
    except UnicodeDecodeError:
        problems.add(line, "", "is not UTF-8 text; save the file as UTF-8.")
        return None
    except (ValueError, RecursionError) as error:
        problems.add(line, "", f"is not JSON ({error}); write one JSON object a line.")
        return None
    if not isinstance(row, dict):
        problems.add(line, "", "is not a JSON object; write one object {…} a line.")
        return None
    return row


def _csv_rows(stream: IO[bytes]) -> Iterator[tuple[int, RawRow]]:
    csv.field_size_limit(min(_MAX_LINE, sys.maxsize))
    reader = csv.DictReader(io.TextIOWrapper(stream, encoding="utf-8-sig", newline=""))
    try:
        for row in reader:
            yield reader.line_num, {k: (v if v != "" else None) for k, v in row.items() if k}
    except csv.Error as error:
        raise refuse(f"The CSV cannot be read here ({error}).", reader.line_num) from error


@contextmanager
def _plain_file(path: Path, gzipped: bool) -> Iterator[Path]:
    if not gzipped:
        yield path
        return
    with tempfile.NamedTemporaryFile(suffix=".parquet") as plain:
        try:
            with gzip.open(path, "rb") as packed:
                shutil.copyfileobj(packed, plain)
        except (gzip.BadGzipFile, EOFError) as error:
            raise refuse(f"The gzip data is damaged or cut short ({error}).") from error
        plain.flush()
        yield Path(plain.name)


def _parquet_rows(path: Path) -> Iterator[tuple[int, RawRow]]:
    with duckdb.connect() as connection:
        connection.execute("SET threads=1")
        try:
            cursor = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
        except duckdb.Error as error:
            raise refuse("The file is not Parquet, or is damaged.") from error
        names = [column[0] for column in cursor.description or []]
        row_number = 0
        while batch := cursor.fetchmany(_BATCH):
            for values in batch:
                row_number += 1
                yield row_number, dict(zip(names, values, strict=True))
