"""Small files that unpack to a lot: refused in words, before they fill memory or disk."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from evaluations.datasets import reading, storage
from evaluations.datasets.problems import DatasetError
from evaluations.datasets.reading import LONGEST_ROW, batch_of
from evaluations.datasets.storage import import_file
from tests.evaluations.outcome_files import row, write_jsonl

TOO_LONG = "The row is longer than 256 kB; shorten its prompt, or leave it out."
File = Callable[[str, bytes], Path]


@pytest.fixture
def file(tmp_path: Path) -> File:
    """Write a file of this name, zipped where the name says so."""

    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


def as_parquet(path: Path, select: str) -> Path:
    with duckdb.connect() as connection:
        connection.sql(select).write_parquet(str(path))
    return path


def refused(path: Path) -> str:
    """What is said of the file; nothing of it is stored."""
    with pytest.raises(DatasetError) as caught:
        import_file(path, path.name, path.parent / "stored")
    assert not list((path.parent / "stored").iterdir())
    return str(caught.value.problems.shown[0])


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_row__too_long_in_jsonl__is_refused_with_its_line(file: File, name: str) -> None:
    lines = [json.dumps(row("r1", "small", prompt="a" * size)) for size in (9, LONGEST_ROW)]
    assert refused(file(name, "\n".join(lines).encode())) == f"line 2: {TOO_LONG}"


def test_row__as_long_as_it_may_be__is_taken(tmp_path: Path) -> None:
    rows = [row("r1", model, prompt="a" * (LONGEST_ROW - 1000)) for model in ("small", "large")]
    assert import_file(write_jsonl(tmp_path / "x.jsonl", rows), "x.jsonl", tmp_path / "stored")


@pytest.mark.parametrize("field", ["x", "x,", '"x\n",'])
def test_row__without_end_in_csv__is_refused(file: File, field: str) -> None:
    content = "request_id,model,quality\n" + field * LONGEST_ROW
    assert TOO_LONG in refused(file("x.csv.gz", content.encode()))


def test_row__too_long_in_parquet__is_refused_before_it_is_read(tmp_path: Path) -> None:
    long = f"SELECT 'r1' AS request_id, 'small' AS model, repeat('a', {LONGEST_ROW}) AS prompt"
    assert TOO_LONG in refused(as_parquet(tmp_path / "x.parquet", long))


@pytest.mark.parametrize("name", ["x.jsonl.gz", "x.csv.gz", "x.parquet.gz"])
def test_file__that_unpacks_to_more_than_it_may_hold__is_refused(
    file: File, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_UNPACKED", 2_000_000_000 // 10_000)
    assert "unpacked; split it" in refused(file(name, b"\n" * 1_000_000))


def test_parquet__that_holds_more_than_its_size__is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_UNPACKED", 200_000)
    same = "SELECT 'r1' AS request_id, 'small' AS model, repeat('a', 999) AS prompt FROM range(999)"
    path = as_parquet(tmp_path / "x.parquet", same)
    assert path.stat().st_size < 20_000
    assert "unpacked; split it" in refused(path)


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_file__of_more_rows_than_may_be__is_refused(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    if ending == "jsonl":
        path = write_jsonl(tmp_path / "x.jsonl", [row(f"r{n}", "small") for n in range(4)])
    else:
        path = as_parquet(tmp_path / "x.parquet", "SELECT 'r1' AS request_id FROM range(4)")
    assert "more than 3 rows; split it" in refused(path)


def test_file__with_faults_without_end__is_not_read_to_its_end(
    file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_ENOUGH_FAULTS", 10)
    path = file("x.jsonl", b'{"nonsense": 1}\n' * 1000)
    with pytest.raises(DatasetError) as caught:
        import_file(path, path.name, path.parent / "stored")
    assert caught.value.problems.total < 20


def test_rows__that_do_not_fit_into_what_sorting_may_take__are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_SORTED_IN", "10MB")
    rows = [row(f"r{number}", "small", prompt="a" * 200_000) for number in range(100)]
    assert "cannot be sorted here" in refused(write_jsonl(tmp_path / "x.jsonl", rows))


def test_batch__of_long_rows__is_small() -> None:
    assert batch_of(0) == batch_of(1000) == 2048
    assert batch_of(LONGEST_ROW) * LONGEST_ROW <= 64 * 2**20
    assert batch_of(10**12) == 1
