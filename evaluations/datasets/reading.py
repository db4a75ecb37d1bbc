"""Files of outcomes → raw rows with their line numbers: JSONL, CSV, Parquet, each also gzipped.

Rows are streamed, and bounded as they are unpacked: a small file can hold gigabytes. Nothing here
knows what a row must contain.
"""

import csv
import gzip
import io
import json
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import duckdb

from evaluations.datasets.problems import DatasetError, Problems, refuse

RawRow = dict[str, Any]
_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
# A prompt is kept to be read and matched for words; whole batches of rows lie in memory.
LONGEST_ROW = 256 * 1024
MOST_UNPACKED = 2_000_000_000
MOST_ROWS = 5_000_000
_BATCH = 2048
_BATCH_BYTES = 64 * 1024 * 1024
_COPIED_AT_ONCE = 1024 * 1024


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
    gzip, not UTF-8, not Parquet) or is too large raises DatasetError.
    """
    kind, gzipped = format_of(name)
    if kind == "parquet":
        with _plain_file(path, gzipped) as plain:
            yield from _parquet_rows(plain)  # counted before the first is read
        return
    with _open_bytes(path, gzipped) as stream:
        lines = _Lines(stream)
        rows = _jsonl_rows(lines, problems) if kind == "jsonl" else _csv_rows(lines)
        try:
            yield from _counted(rows)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise refuse(f"The gzip data is damaged or cut short ({error}).") from error
        except UnicodeDecodeError as error:
            raise refuse("The file is not UTF-8 text. Save it as UTF-8.") from error


def batch_of(longest_row: int) -> int:
    """How many rows to hold at once, given the bytes of the longest."""
    return max(1, min(_BATCH, _BATCH_BYTES // max(1, longest_row)))


def _counted(rows: Iterator[tuple[int, RawRow]]) -> Iterator[tuple[int, RawRow]]:
    for count, row in enumerate(rows):
        if count >= MOST_ROWS:
            raise _too_many()
        yield row


def _open_bytes(path: Path, gzipped: bool) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if gzipped else path.open("rb")


class _Lines:
    """Lines of a stream. A row of several is ended by whoever reads it, by `end_row`."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._unpacked = self._row = 0
        self.number = 0

    def __iter__(self) -> Iterator[bytes]:
        while raw := self._stream.readline(LONGEST_ROW + 1):
            self.number += 1
            self._row += len(raw)
            self._unpacked += len(raw)
            if self._row > LONGEST_ROW:
                raise _too_long(self.number)
            if self._unpacked > MOST_UNPACKED:
                raise _too_large()
            yield raw

    def end_row(self) -> None:
        self._row = 0


def _too_long(row: int) -> DatasetError:
    most = f"{LONGEST_ROW // 1024} kB"
    return refuse(f"The row is longer than {most}; shorten its prompt, or leave it out.", row)


def _too_many() -> DatasetError:
    return refuse(f"The file has more than {MOST_ROWS:,} rows; split it.")


def _too_large() -> DatasetError:
    return refuse(f"The file holds more than {MOST_UNPACKED // 10**9} GB, unpacked; split it.")


def _jsonl_rows(lines: _Lines, problems: Problems) -> Iterator[tuple[int, RawRow]]:
    for raw in lines:
        lines.end_row()
        if not raw.strip():
            continue
        row = _json_object(raw, lines.number, problems)
        if row is not None:
            yield lines.number, row


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


def _csv_rows(lines: _Lines) -> Iterator[tuple[int, RawRow]]:
    csv.field_size_limit(LONGEST_ROW)
    reader = csv.DictReader(_texts(lines))
    try:
        for row in reader:
            lines.end_row()
            yield reader.line_num, {k: (v if v != "" else None) for k, v in row.items() if k}
    except csv.Error as error:
        raise refuse(f"The CSV cannot be read here ({error}).", reader.line_num) from error


def _texts(lines: _Lines) -> Iterator[str]:
    for raw in lines:
        text = raw.decode("utf-8-sig" if lines.number == 1 else "utf-8")
        yield from io.StringIO(text, newline="")  # some end lines by a carriage return alone


@contextmanager
def _plain_file(path: Path, gzipped: bool) -> Iterator[Path]:
    if not gzipped:
        yield path
        return
    with tempfile.NamedTemporaryFile(suffix=".parquet") as plain:
        try:
            with gzip.open(path, "rb") as packed:
                while part := packed.read(_COPIED_AT_ONCE):
                    plain.write(part)
                    if plain.tell() > MOST_UNPACKED:
                        raise _too_large()
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise refuse(f"The gzip data is damaged or cut short ({error}).") from error
        plain.flush()
        yield Path(plain.name)


def _parquet_rows(path: Path) -> Iterator[tuple[int, RawRow]]:
    with duckdb.connect() as connection:
        connection.execute("SET threads=1")
        try:
            source = connection.read_parquet(str(path))
            batch = batch_of(_longest_of(source))
            cursor = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
        except duckdb.Error as error:
            raise refuse("The file is not Parquet, or is damaged.") from error
        names = [column[0] for column in cursor.description or []]
        row_number = 0
        while found := cursor.fetchmany(batch):
            for values in found:
                row_number += 1
                yield row_number, dict(zip(names, values, strict=True))


def _longest_of(source: duckdb.DuckDBPyRelation) -> int:
    """The bytes of the longest row as text, found before any of them is held. Raises DatasetError
    where rows are too many, too long or too large together."""
    names = [name.replace('"', '""') for name in source.columns]
    row = " + ".join(f'coalesce(strlen("{name}"::VARCHAR), 0)' for name in names)
    sums = source.aggregate(f"count(*), coalesce(max({row}), 0), coalesce(sum({row}), 0)")
    ((count, longest, total),) = sums.fetchall()
    if count > MOST_ROWS:
        raise _too_many()
    if total > MOST_UNPACKED:
        raise _too_large()
    if longest > LONGEST_ROW:
        raise _too_long(0)
    return int(longest)
