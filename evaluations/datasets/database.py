"""The DuckDB in memory that stored datasets are read with."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import duckdb


@contextmanager
def open_reader() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of one's own to read stored datasets with, on one core.

    To start a database takes longer than most reads, so all of a process share one.
    """
    try:
        with _database(os.getpid()).cursor() as connection:
            yield connection
    except duckdb.FatalException:
        _database.cache_clear()  # after such an error it refuses every later read
        raise


@cache  # never closed: a fork has its parent's, but not that one's threads
def _database(_process: int) -> duckdb.DuckDBPyConnection:
    # What was read is not kept, as little as by a database that ends with its read.
    return duckdb.connect(config={"threads": 1, "enable_external_file_cache": False})
