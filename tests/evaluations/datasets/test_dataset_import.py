"""From files to stored datasets: formats, exact units, identity, attributes, faults."""

from __future__ import annotations

import csv
import gzip
import json
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.datasets.problems import DatasetError, Problems
from evaluations.datasets.rows import read_row
from evaluations.datasets.storage import import_file
from evaluations.replay.recorded import read_chunk
from tests.evaluations.outcome_files import RealData, load, row, write_jsonl

Rows = list[dict[str, Any]]


def two_by_two() -> Rows:
    return [
        row(request, model, quality=0.25 * (i + 1), features={"lines": 3, "answered": i % 2 == 0})
        for request in ("r1", "r2")
        for i, model in enumerate(("small", "large"))
    ]


def as_csv(path: Path, rows: Rows) -> Path:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        for item in rows:
            flat = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in item.items()}
            writer.writerow({k: "" if v is None else v for k, v in flat.items()})
    return path


def as_parquet(path: Path, rows: Rows) -> Path:
    source = write_jsonl(path.with_suffix(".tmp"), rows)
    with duckdb.connect() as connection:
        connection.read_json(str(source), format="newline_delimited").write_parquet(str(path))
    return path


def zipped(path: Path) -> Path:
    target = path.with_name(path.name + ".gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    return target


def faults(tmp_path: Path, rows: Rows | str) -> DatasetError:
    """What is said of these rows (or this text)."""
    path = tmp_path / "faulty.jsonl"
    if isinstance(rows, str):
        path.write_text(rows, encoding="utf-8")
    else:
        write_jsonl(path, rows)
    with pytest.raises(DatasetError) as caught:
        import_file(path, path.name, tmp_path / "stored")
    assert not list((tmp_path / "stored").glob("*.parquet"))
    return caught.value


def test_import__jsonl_csv_and_parquet_plain_or_zipped__are_the_same_dataset(
    tmp_path: Path,
) -> None:
    rows = two_by_two()
    plain = [
        write_jsonl(tmp_path / "a.jsonl", rows),
        as_csv(tmp_path / "a.csv", rows),
        as_parquet(tmp_path / "a.parquet", rows),
    ]
    files = plain + [zipped(path) for path in plain]
    digests = {import_file(path, path.name, tmp_path / "stored").digest for path in files}
    assert len(digests) == 1
    assert len(list((tmp_path / "stored").iterdir())) == 1


def test_import__rows_in_any_order__have_one_digest(tmp_path: Path) -> None:
    rows = [row(f"r{i}", model) for i in range(30) for model in ("a", "b")]
    first = import_file(write_jsonl(tmp_path / "1.jsonl", rows), "1.jsonl", tmp_path)
    random.Random(3).shuffle(rows)
    second = import_file(write_jsonl(tmp_path / "2.jsonl", rows), "2.jsonl", tmp_path)
    assert first.digest == second.digest


def test_import__one_value_changed__is_another_dataset(tmp_path: Path) -> None:
    rows = two_by_two()
    first = import_file(write_jsonl(tmp_path / "1.jsonl", rows), "1.jsonl", tmp_path)
    rows[0]["latency_ms"] += 0.001
    second = import_file(write_jsonl(tmp_path / "2.jsonl", rows), "2.jsonl", tmp_path)
    assert first.digest != second.digest


@given(st.decimals(min_value=0, max_value=1, places=9))
def test_row__quality_with_nine_places__is_kept_exactly(quality: Any) -> None:
    found = read_row(1, row("r", "m", float(quality)), Problems())
    assert found is not None
    assert found.quality == int(quality * 10**9)


def test_row__units__are_exact_integers() -> None:
    raw = row("r", "m", 0.1, cost_usd=2.13e-05, latency_ms=1713.997)
    found = read_row(1, raw, Problems())
    assert found is not None
    assert (found.quality, found.cost, found.latency) == (100_000_000, 21_300, 1_713_997)


def test_import__features_of_a_request__are_attributes_unless_they_vary(tmp_path: Path) -> None:
    loaded = load(write_jsonl(tmp_path / "a.jsonl", two_by_two()), tmp_path)
    attributes = dict(loaded.requests[0].request.attributes)
    assert attributes == {
        "dataset": "made-up", "task": "answer", "prompt_tokens_est": 10, "lines": 3
    }  # fmt: skip
    assert list(loaded.stored.summary["excluded_features"]) == ["answered"]
    assert loaded.requests[0].request.input_tokens == 10


def test_import__explicit_attributes__are_used_alone(tmp_path: Path) -> None:
    rows = [row("r1", "m", attributes={"plan": "pro"}, features={"lines": 3})]
    loaded = load(write_jsonl(tmp_path / "a.jsonl", rows), tmp_path)
    assert dict(loaded.requests[0].request.attributes) == {"plan": "pro"}


def test_import__set__stays_a_list_of_texts(tmp_path: Path) -> None:
    groups = {"groups": ["beta", "eu"], "none": []}
    loaded = load(write_jsonl(tmp_path / "a.jsonl", [row("r1", "m", attributes=groups)]), tmp_path)
    assert dict(loaded.requests[0].request.attributes) == groups
    assert loaded.stored.summary["attributes"]["groups"] == {"type": "set", "values": None}


def test_import__conversations__are_the_clusters(tmp_path: Path) -> None:
    rows = [row(f"r{i}", "m", conversation_id=f"c{i // 3}") for i in range(9)]
    loaded = load(write_jsonl(tmp_path / "a.jsonl", rows), tmp_path)
    assert loaded.stored.summary["clusters"] == 3
    assert {r.cluster for r in loaded.requests} == {"c0", "c1", "c2"}


@pytest.mark.parametrize(
    ("models", "shape"),
    [(["a", "b"], "full"), (["a"], "logged"), (["a", "b", "a"], "partial")],
)
def test_import__who_was_called__tells_the_shape(
    tmp_path: Path, models: list[str], shape: str
) -> None:
    if shape == "full":
        rows = [row(r, m) for r in ("r1", "r2") for m in models]
    elif shape == "logged":
        rows = [row("r1", "a"), row("r2", "b")]
    else:
        rows = [row("r1", "a"), row("r1", "b"), row("r2", "a")]
    stored = import_file(write_jsonl(tmp_path / "a.jsonl", rows), "a.jsonl", tmp_path)
    assert stored.summary["shape"] == shape


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"quality": 1.5}, "quality", "between 0 and 1"),
        ({"quality": "good"}, "quality", "must be a number"),
        ({"cost_usd": -1}, "cost_usd", "0 or more"),
        ({"latency_ms": True}, "latency_ms", "must be a number"),
        ({"model": None}, "model", "is missing"),
        ({"request_id": ""}, "request_id", "is missing"),
        ({"attempt": 1.5}, "attempt", "whole number"),
        ({"features": [1]}, "features", "must be an object"),
        ({"features": {"tags": ["a", 1]}}, "features.tags", "or a list of texts"),
        ({"score": 1}, "score", "put extra values into “features”"),
        ({"prompt": "\ud83d"}, "prompt", "half of a surrogate pair"),
        ({"model": "b\x00"}, "model", "without NUL"),
        ({"request_id": "r\udc00"}, "request_id", "half of a surrogate pair"),
        ({"error": "\ud83d"}, "error", "half of a surrogate pair"),
        ({"features": {"tag": "\ud83d"}}, "features.tag", "half of a surrogate pair"),
        ({"features": {"\ud83d": 1}}, "features.\ufffd", "half of a surrogate pair"),
        ({"attributes": '{"tag": "\\ud83d"}'}, "attributes.tag", "half of a surrogate pair"),
        ({"\ud83d": 1}, "\ufffd", "is not a known field"),
        ({"quality": "\ud83d"}, "quality", "not “\ufffd”"),
    ],
)
def test_import__a_faulty_value__is_named_with_its_line_and_mend(
    tmp_path: Path, change: dict[str, Any], place: str, words: str
) -> None:
    error = faults(tmp_path, [row("r1", "a"), {**row("r1", "b"), **change}])
    problem = error.problems.shown[0]
    assert (problem.line, problem.field) == (2, place)
    assert words in problem.message


def test_import__text_that_is_not_json__is_named_with_its_line(tmp_path: Path) -> None:
    error = faults(tmp_path, json.dumps(row("r1", "a")) + "\n{not json}\n[1]\n")
    assert [p.line for p in error.problems.shown] == [2, 3]


def test_import__many_faults__lists_fifty_and_counts_the_rest(tmp_path: Path) -> None:
    error = faults(tmp_path, [row(f"r{i}", "m", quality=2) for i in range(80)])
    assert len(error.problems.shown) == 50
    assert error.problems.more == 30
    assert "30 more" in str(error)


def test_import__a_repeated_attempt__names_both_lines(tmp_path: Path) -> None:
    error = faults(tmp_path, [row("r1", "a"), row("r2", "a"), row("r1", "a")])
    problem = error.problems.shown[0]
    assert (problem.line, problem.field) == (3, "attempt")
    assert "line 1" in problem.message


def test_import__rows_that_disagree_about_their_request__are_refused(tmp_path: Path) -> None:
    error = faults(tmp_path, [row("r1", "a"), row("r1", "b", task="other")])
    assert error.problems.shown[0].field == "task"


@pytest.mark.parametrize("name", ["a.txt", "a.gz", "a"])
def test_import__an_unknown_ending__says_which_are_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("{}")
    with pytest.raises(DatasetError, match=r"\.jsonl, \.csv or \.parquet"):
        import_file(path, name, tmp_path)


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.parquet", "a.csv.gz", "a.parquet.gz"])
def test_import__a_damaged_file__is_refused_in_words(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x1f\x8bnot really")
    with pytest.raises(DatasetError, match=r"damaged|not Parquet"):
        import_file(path, name, tmp_path)


def test_import__an_empty_file__is_refused(tmp_path: Path) -> None:
    assert "no rows" in str(faults(tmp_path, ""))


@pytest.mark.parametrize("count", [1, 2, 7, 16])
def test_chunks__of_any_number__hold_each_request_once(count: int, tmp_path: Path) -> None:
    folder = tmp_path
    rows = [row(f"r{i}", "m", conversation_id=f"c{i % 17}") for i in range(60)]
    stored = import_file(write_jsonl(folder / "a.jsonl", rows), "a.jsonl", folder)
    chunks = [list(read_chunk(stored.path, index, count)) for index in range(count)]
    assert sorted(r.request_id for chunk in chunks for r in chunk) == sorted(
        f"r{i}" for i in range(60)
    )
    homes = [{r.cluster for r in chunk} for chunk in chunks]
    assert sum(len(home) for home in homes) == 17


def test_import__repeated_attempts__are_kept_in_order(real_data: RealData, tmp_path: Path) -> None:
    loaded = load(real_data("outcomes_metr.jsonl.gz"), tmp_path)
    assert loaded.stored.summary["shape"] == "partial"
    assert set(loaded.stored.summary["excluded_features"]) == {"started_at_ms", "score"}
    most = max(len(calls) for r in loaded.requests for calls in r.calls.values())
    assert most == 96
