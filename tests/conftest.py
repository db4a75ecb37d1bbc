"""The test bench: settled before Django loads, then one fixture per real service."""

import atexit
import gc
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.services import browser as chromium
from tests.services.console import Console, start_console
from tests.services.environment import RUNTIME, on_postgres
from tests.services.live_console import LiveConsole
from tests.services.postgres import create_database
from tests.services.repeated_on_postgres import is_of_a_repeated_module
from tests.services.valkey import Valkey, start_valkey
from tests.services.worker import WorkerProcess, start_worker

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)

# On a busy machine what is slow is not wrong, and no test is about time.
hypothesis_settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("patient")

pytest_plugins = ["tests.policies.cast", "tests.services.append_only"]

ROOT = Path(__file__).resolve().parent.parent
REAL_DATA = Path(os.environ.get("ROUTING_CONSOLE_REAL_DATA", ROOT.parent / "shared" / "data"))


# --- Database and broker of this test process -------------------------------------------
@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """The Valkey that `settings.REDIS_URL` names: cache and broker of all that has a database."""
    server = start_valkey(Path(settings.REDIS_URL.removeprefix("unix://")))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, valkey: Valkey
) -> None:
    """Put SQLite's test database in a file, where a Celery worker process can open it too."""
    if not on_postgres():
        test_settings = settings.DATABASES["default"].setdefault("TEST", {})
        test_settings["NAME"] = str(RUNTIME / "test.sqlite3")


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """The running test database in the form of `DATABASE_URL`, for other processes."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    server, _, options = os.environ["DATABASE_URL"].partition("?")
    return f"{server.rpartition('/')[0]}/{name}?{options}"


@pytest.fixture
def empty_cache(valkey: Valkey) -> Iterator[None]:
    """Nothing in the cache before the test, nothing after."""
    cache.clear()
    yield
    cache.clear()


# --- Other processes --------------------------------------------------------------------
@pytest.fixture
def celery_worker_process(
    database_url: str, valkey: Valkey, tmp_path: Path
) -> Iterator[Callable[..., WorkerProcess]]:
    """Start real workers on this test's database and broker; all end with the test.

    `celery_worker_process(concurrency=1, with_beat=False, **environment)` returns when the
    worker takes tasks. What a killed one had in hand comes back after the visibility timeout
    of the next one, some ten seconds unless it is given another. With `CELERY_SKIP_CHECKS` it
    does not load all pages for Django's checks, a second that a worker without mail may save.
    """
    started: list[WorkerProcess] = []

    def start(
        *,
        concurrency: int = 1,
        with_beat: bool = False,
        pool: str = "prefork",
        **environment: str,
    ) -> WorkerProcess:
        variables = {
            "DATABASE_URL": database_url,
            "REDIS_URL": valkey.url,
            "ROUTING_CONSOLE_VISIBILITY_TIMEOUT_S": "8",
            "ROUTING_CONSOLE_TASK_LIMIT_S": "60",
        }
        worker = start_worker(
            tmp_path / f"worker{len(started)}.log",
            variables | environment,
            concurrency=concurrency,
            with_beat=with_beat,
            pool=pool,
        )
        started.append(worker)
        worker.wait_until_ready()
        return worker

    yield start
    for worker in started:
        worker.stop()


@pytest.fixture
def live_console(transactional_db: None, valkey: Valkey) -> Iterator[LiveConsole]:
    """The console's server on this test's database, in a thread of this process."""
    console = LiveConsole()
    yield console
    console.stop()


_console_numbers = itertools.count()


@pytest.fixture(scope="session")
def console_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Console]]:
    """Start whole consoles, each on a data folder and database of its own."""
    started: list[Console] = []

    def start(*, demo: bool = False, **environment: str) -> Console:
        number = next(_console_numbers)
        if on_postgres():
            name = f"console_{os.getpid()}_{number}"
            environment["DATABASE_URL"] = create_database(os.environ["DATABASE_URL"], name)
        console = start_console(
            tmp_path_factory.mktemp("console"), demo=demo, environment=environment
        )
        started.append(console)
        return console

    yield start
    for console in started:
        console.kill()  # all that it started ends with it, at once


@pytest.fixture(scope="session")
def demo_console(console_factory: Callable[..., Console]) -> Console:
    """A running console with the demo workflow, shared by the tests of a session."""
    return console_factory(demo=True)


# --- Browser ----------------------------------------------------------------------------
@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if not chromium.CHROMIUM.exists():
        pytest.fail(f"{chromium.CHROMIUM} is missing: `apt-get install chromium`")
    return {
        **browser_type_launch_args,
        "executable_path": str(chromium.CHROMIUM),
        "args": list(chromium.QUIET),
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "en-GB", "timezone_id": "UTC"}


# --- Real data --------------------------------------------------------------------------
@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """The path of a file of recorded outcomes by name; skips without it, in CI fails."""

    def path(name: str) -> Path:
        found = REAL_DATA / name
        if not found.exists():
            why = f"{found} is missing; ROUTING_CONSOLE_REAL_DATA names the folder of real data."
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
        return found

    return path


# Python's 700 is for programs that live long; here little of what a test makes is a ring.
OBJECTS_BETWEEN_COLLECTIONS = 50_000

# --- Choosing tests ---------------------------------------------------------------------
_OF_A_BROWSER = {"page", "browser", "context", "new_context"}
_OF_A_CONSOLE = {"console_factory", "demo_console"}
# Rows are really committed there, so that others meet them: other threads, workers, consoles.
_OF_REAL_TRANSACTIONS = {
    "transactional_db",
    "database_url",
    "live_server",
    "live_console",
} | _OF_A_CONSOLE
_OF_A_DATABASE = {"db"} | _OF_REAL_TRANSACTIONS
_OF_A_SERVER = {"valkey"} | _OF_A_BROWSER


def pytest_addoption(parser: pytest.Parser) -> None:
    # Read in tests/services/environment.py, before any option is parsed.
    parser.addoption("--db", choices=("sqlite", "postgres"), help="where test databases live")


def pytest_make_parametrize_id(val: object) -> str | None:
    # Compressed bytes hold the time they were made, and both processes must name a test alike.
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


def pytest_configure() -> None:
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *gc.get_threshold()[1:])


def pytest_collection_finish() -> None:
    """What is there by now stays to the end: it need not be looked through again and again."""
    gc.freeze()
    # Else extension modules complain at the very end that objects of theirs are left.
    atexit.register(gc.unfreeze)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by what they use; those of one shared console stay in one process, and begin."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & _OF_A_BROWSER:
            item.add_marker(pytest.mark.browser)
        has_database = fixtures & _OF_A_DATABASE or item.get_closest_marker("django_db")
        if has_database and is_of_a_repeated_module(item.path):
            item.add_marker(pytest.mark.postgres)
        if fixtures & _OF_REAL_TRANSACTIONS or _has_real_transactions(item):
            item.add_marker(pytest.mark.postgres)
        if has_database or fixtures & _OF_A_SERVER:
            item.add_marker(pytest.mark.server)
        if fixtures & _OF_A_CONSOLE:
            item.add_marker(pytest.mark.xdist_group("console"))
        if on_postgres() and "world" in fixtures:  # few are there, and it takes long to build
            item.add_marker(pytest.mark.xdist_group("world"))
    # Groups are long: begun last, one would keep one process busy while the others are done.
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)
    if config.getoption("loadgroup", default=False):
        for item in items:
            _name_group(item)


def _has_real_transactions(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    return marker is not None and bool(marker.kwargs.get("transaction"))


def _name_group(item: pytest.Item) -> None:
    """Tell xdist's first process the group, which it reads from behind the test's id.

    xdist 3.8 means to do so itself, but sets `_nodeid`, which pytest 9.2 no longer reads: without
    this each process would start every shared console, and nothing would say so.
    """
    group = item.get_closest_marker("xdist_group")
    if group is not None:
        item._id = type(item.id).parse(f"{item.nodeid}@{group.args[0]}")
