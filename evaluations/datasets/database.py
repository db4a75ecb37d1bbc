"""The DuckDB in memory that stored datasets are read with."""

import os
from functools import cache

import duckdb


def open_reader() -> duckdb.DuckDBPyConnection:
    """A connection of one's own to read stored datasets with, on one core.

    To start a database takes longer than most reads, so all of a process share one.
    """
    return _database(os.getpid()).cursor()


@cache  # never closed: a fork has its parent's, but not that one's threads
def _database(_process: int) -> duckdb.DuckDBPyConnection:
    # What was read is not kept, as little as by a database that ends with its read.
    return duckdb.connect(config={"threads": 1, "enable_external_file_cache": False})
