"""`/healthz` and `/readyz`: what answers, and which part does not."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.wsgi import get_wsgi_application
from pytest_django import Settings

from routing_console import health
from routing_console.front.application import Front
from routing_console.project_root import BASE_DIR
from tests.front.asking import Heard, ask, scope
from tests.services import loops
from tests.services.console import clean_environment
from tests.services.valkey import Valkey
from tests.services.worker import WorkerProcess


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_worker_ping", health._WorkerPing())


def _probe(method: str, path: str, **headers: str) -> Heard:
    front = Front(get_wsgi_application(), problems=health.problems)
    return loops.run(ask(front, scope(method, path, headers.items())))


def _broken_parts() -> tuple[int, set[str]]:
    answer = _probe("GET", "/readyz")
    checks = json.loads(answer.body)["checks"]
    return answer.status, {name for name, check in checks.items() if not check["ok"]}


def test_healthz__with_nothing_else_running__is_alive() -> None:
    answer = _probe("GET", "/healthz", Host="10.0.0.7:8000")
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "alive"})


@pytest.mark.django_db
def test_probes__asked_by_another_host_name__answer_all_the_same() -> None:
    assert _probe("HEAD", "/healthz", Host="10.0.0.7").status == 200
    assert "checks" in json.loads(_probe("GET", "/readyz", Host="pod.internal").body)


def test_probe__written_to__says_that_it_is_only_read() -> None:
    answer = _probe("POST", "/readyz")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def test_readyz__with_database_broker_and_worker__is_ready(
    celery_worker_process: Callable[..., WorkerProcess],
) -> None:
    celery_worker_process(CELERY_SKIP_CHECKS="1")
    assert _broken_parts() == (200, set())


@pytest.mark.django_db
def test_readyz__without_a_worker__names_the_worker() -> None:
    assert _broken_parts() == (503, {"worker"})


@pytest.mark.django_db
def test_readyz__broker_hangs__names_it_within_short_time(valkey: Valkey) -> None:
    valkey.pause()
    try:
        assert _broken_parts() == (503, {"broker", "worker"})
    finally:
        valkey.resume()


def test_readyz__database_cannot_be_opened__names_the_database(tmp_path: Path) -> None:
    script = "from routing_console import health; print(health.problems()['database'])"
    environment = clean_environment(
        DATABASE_URL=f"sqlite:///{tmp_path}/no-folder/console.sqlite3",
        DJANGO_SECRET_KEY="x" * 50,
        ROUTING_CONSOLE_DATA_DIR=str(tmp_path),
        ROUTING_CONSOLE_INSECURE_HTTP="1",
    )
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", script],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    # Anybody may ask; what drivers say of hosts and users is for the log.
    assert done.stdout.splitlines()[-1] == "The database does not answer."
    assert "unable to open database file" in done.stdout


def test_readyz__broker_away__does_not_tell_strangers_where_it_is(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "redis://broker.internal.invalid:6390/0"
    assert health._check_broker() == "The broker does not answer."
    assert "broker.internal.invalid" in caplog.text
