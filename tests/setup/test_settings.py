"""What every process relies on: database options, headers, static files."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client

from routing_console.project_root import BASE_DIR

VARIABLE = re.compile(r'(?:env\.\w+\(|_at_least\(\d+,)\s*"([A-Z_]+)"')
ROW = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)
PRODUCTION = {
    "DJANGO_SECRET_KEY": "a-production-key-is-long-and-random-0123456789-ABCDEFGHIJKLMN",
    "DJANGO_ALLOWED_HOSTS": "console.example.com",
    "DATABASE_URL": "postgresql://console:secret@db/console",
    "REDIS_URL": "redis://broker:6379/0",
}


@pytest.mark.django_db
def test_sqlite__in_use__writes_ahead_and_takes_the_write_lock_first() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("SQLite only")
    with connection.cursor() as cursor:
        mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
    assert mode == "wal"
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_postgresql__back_after_an_outage__is_asked_by_the_next_request() -> None:
    """Waits of the pool between tries double for as long as it goes on trying."""
    pool = options_on_postgresql()["pool"]
    assert pool["reconnect_timeout"] < pool["timeout"]


def test_postgresql__whose_machine_is_gone__holds_no_thread_longer_than_others_wait_for_one() -> (
    None
):
    given = options_on_postgresql()
    probed_s = given["keepalives_idle"] + given["keepalives_interval"]
    assert probed_s < given["tcp_user_timeout"] / 1000 <= given["pool"]["timeout"]


def options_on_postgresql() -> dict[str, Any]:
    """What connections are made with, as a process with the settings of production has it."""
    asked = (
        "import json; from django.conf import settings; "
        "print(json.dumps(settings.DATABASES['default']['OPTIONS']))"
    )
    environment = os.environ | PRODUCTION | {"DJANGO_SETTINGS_MODULE": "routing_console.settings"}
    done = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    options: dict[str, Any] = json.loads(done.stdout)
    return options


def test_every_answer__whatever_it_says__carries_the_strict_content_policy() -> None:
    policy = Client().get("/no-such-page").headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"


def test_plotly__asked_of_static_files__comes_from_its_package() -> None:
    found = finders.find("vendor/plotly.min.js")
    assert found is not None
    assert Path(found).stat().st_size > 1_000_000


def test_check_deploy__under_production_settings__has_no_warning() -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ROUTING", "DJANGO"))}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=BASE_DIR,
        env=kept | PRODUCTION,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout + done.stderr


def test_variables_that_settings_read__have_a_row_in_the_readme() -> None:
    read = set(VARIABLE.findall((BASE_DIR / "routing_console/settings.py").read_text()))
    rows = set(ROW.findall((BASE_DIR / "README.md").read_text()))
    assert read - rows == set()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        (
            "PUBLISH_TO",
            "https://cdn.example/policies",
            "is s3://bucket/prefix or file:///path, not",
        ),
        ("DELIVERY_RATE", "0", "must be a whole number from 1, not “0”"),
        ("DRIFT_AFTER_S", "10", "must be a whole number from 60, not “10”"),
        ("REPORT_RATE", "-5", "must be a whole number from 1, not “-5”"),
        ("ROUTER_GONE_AFTER_S", "59", "must be a whole number from 60, not “59”"),
        ("ROUTER_KEPT_DAYS", "0", "must be a whole number from 1, not “0”"),
        ("TASK_LIMIT_S", "0", "must be a whole number from 1, not “0”"),
        ("TASK_LIMIT_S", "4m", "must be a whole number from 1, not “4m”"),
        ("VISIBILITY_TIMEOUT_S", "", "must be a whole number from 1, not “”"),
    ],
)
def test_variable__of_no_sense__is_refused_at_the_start_and_never_read_as_another(
    name: str, value: str, told: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import routing_console.settings"],
        cwd=BASE_DIR,
        env=os.environ | PRODUCTION | {f"ROUTING_CONSOLE_{name}": value},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert f"ROUTING_CONSOLE_{name} {told}" in done.stderr
