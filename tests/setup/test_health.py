"""`/healthz` and `/readyz`: what answers, and which part does not."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from routing_console import health
from routing_console.bootstrap import BASE_DIR
from tests.services.console import clean_environment
from tests.services.valkey import Valkey
from tests.services.worker import WorkerProcess


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_worker_ping", health._WorkerPing())


def _broken_parts(client: Client) -> tuple[int, set[str]]:
    answer = client.get("/readyz")
    checks = answer.json()["checks"]
    return answer.status_code, {name for name, check in checks.items() if not check["ok"]}


def test_healthz__with_nothing_else_running__is_alive(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}


def test_readyz__with_database_broker_and_worker__is_ready(
    client: Client, celery_worker_process: Callable[..., WorkerProcess]
) -> None:
    celery_worker_process(CELERY_SKIP_CHECKS="1")
    assert _broken_parts(client) == (200, set())


@pytest.mark.django_db
def test_readyz__without_a_worker__names_the_worker(client: Client) -> None:
    assert _broken_parts(client) == (503, {"worker"})


@pytest.mark.django_db
def test_readyz__broker_hangs__names_it_within_short_time(client: Client, valkey: Valkey) -> None:
    valkey.pause()
    try:
        assert _broken_parts(client) == (503, {"broker", "worker"})
    finally:
        valkey.resume()


def test_readyz__database_cannot_be_opened__names_the_database(tmp_path: Path) -> None:
    script = "from django.test import Client; print(Client().get('/readyz').content.decode())"
    environment = clean_environment(
        DATABASE_URL=f"sqlite:///{tmp_path}/no-folder/console.sqlite3",
        DJANGO_SECRET_KEY="x" * 50,
        ROUTING_CONSOLE_DATA_DIR=str(tmp_path),
        ROUTING_CONSOLE_INSECURE_HTTP="1",
        DJANGO_ALLOWED_HOSTS="testserver",
    )
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", script],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    checks = json.loads(done.stdout.splitlines()[-1])["checks"]
    assert "unable to open database file" in checks["database"]["problem"]
