"""The environment of one test process, settled before Django reads its settings.

Each process (each xdist worker too) has its own runtime folder and its own Valkey.
`--db postgres` puts the test databases of all of them on one real PostgreSQL, where each of
them begins as a copy of one that is migrated once.
"""

import argparse
import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from routing_console import data_folder
from tests.services.postgres import TEMPLATE, start_postgres

DATABASE_CHOICE = "ROUTING_CONSOLE_TEST_DATABASE"


def on_postgres() -> bool:
    """Whether this run puts its test databases on PostgreSQL."""
    return os.environ.get(DATABASE_CHOICE) == "postgres"


def _choose_database() -> None:
    # pytest parses its options after conftest files are read; settings are read in them.
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--db", default=os.environ.get(DATABASE_CHOICE, "sqlite"))
    os.environ[DATABASE_CHOICE] = parser.parse_known_args(sys.argv[1:])[0].db


def _is_xdist_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


def _settle() -> Path:
    if settings.configured:
        raise RuntimeError("Unset DJANGO_SETTINGS_MODULE: the tests settle it themselves.")
    if not _is_xdist_worker():
        _choose_database()
    runtime = Path(tempfile.mkdtemp(prefix="console-test-"))
    atexit.register(shutil.rmtree, runtime, ignore_errors=True)
    data_folder.static_root(runtime).mkdir()
    # A worker inherits the address of the server that the first process started.
    if on_postgres() and not _is_xdist_worker():
        os.environ["DATABASE_URL"] = start_postgres().url()
    elif not on_postgres():
        os.environ.pop("DATABASE_URL", None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "routing_console.settings",
        "DJANGO_SECRET_KEY": "only-for-tests-" + "x" * 50,
        "ROUTING_CONSOLE_DATA_DIR": str(runtime),
        "ROUTING_CONSOLE_INSECURE_HTTP": "1",
        "REDIS_URL": f"unix://{data_folder.broker_socket(runtime)}",
        # Playwright's event loop runs in the thread whose tests also use the database.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
    }
    return runtime


def _migrate_template() -> None:
    server = connection.settings_dict
    own = server["NAME"]
    server["NAME"] = TEMPLATE
    call_command("migrate", interactive=False, verbosity=0)
    connection.close()  # nobody may be connected to what is copied
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's
    server["NAME"] = own


RUNTIME = _settle()
django.setup()
if on_postgres() and not _is_xdist_worker():
    _migrate_template()
# Else an xdist worker, which inherits it, would read its settings before coming here.
del os.environ["DJANGO_SETTINGS_MODULE"]
