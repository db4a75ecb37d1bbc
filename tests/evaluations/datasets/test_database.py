"""The database in memory that stored datasets are read with: shared, and replaced once broken."""

from __future__ import annotations

import duckdb
import pytest

from evaluations.datasets.database import open_reader


def one() -> object:
    with open_reader() as reader:
        return reader.execute("SELECT 1").fetchone()


def test_reader__inside_another__disturbs_neither() -> None:
    with open_reader() as outer:
        rows = outer.execute("SELECT range FROM range(5000)")
        first = rows.fetchmany(2)
        assert one() == (1,)
        assert first + rows.fetchall() == [(number,) for number in range(5000)]


def test_reader__after_an_error_that_breaks_the_database__reads_with_another() -> None:
    with open_reader() as reader:
        reader.execute("CREATE TABLE mark (number INTEGER)")
    with pytest.raises(duckdb.FatalException), open_reader():
        raise duckdb.FatalException("database has been invalidated")
    with open_reader() as reader, pytest.raises(duckdb.CatalogException):
        reader.execute("FROM mark")


def test_reader__after_any_other_error__reads_with_the_same() -> None:
    with open_reader() as reader:
        reader.execute("CREATE TABLE kept (number INTEGER)")
    with pytest.raises(duckdb.CatalogException), open_reader() as reader:
        reader.execute("FROM nothing_of_this_name")
    with open_reader() as reader:
        assert reader.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        reader.execute("DROP TABLE kept")
