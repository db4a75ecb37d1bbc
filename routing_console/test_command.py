"""`manage.py test`: lints, then the tests on PostgreSQL and on SQLite. Standard library only.

With arguments it lints nothing and hands them to pytest; `--db postgres` among them puts the
test databases on a real PostgreSQL.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
BOTH_CORES = ("-n", "2")
# Pure code and pages look the same on any database, so only what touches one runs twice.
ON_POSTGRES = ("--db", "postgres", "-m", "database and not browser and not once")

# In the environment that `manage.py test` made, beside its interpreter.
TOOLS = Path(sys.executable).parent
MANAGE = (sys.executable, "manage.py")

LINTS: dict[str, tuple[str, ...]] = {
    "ruff check": (f"{TOOLS}/ruff", "check", "."),
    "ruff format": (f"{TOOLS}/ruff", "format", "--check", "--quiet", "."),
    "mypy": (f"{TOOLS}/mypy",),
    "import contracts": (f"{TOOLS}/lint-imports",),
    "migrations": (*MANAGE, "makemigrations", "--check", "--dry-run"),
    "deployment": (*MANAGE, "check", "--deploy", "--fail-level", "WARNING"),
}
# What a deployment sets; nothing is connected to.
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "routing_console.settings",
    "DJANGO_SECRET_KEY": "no-secret-but-as-long-as-one-0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "DJANGO_ALLOWED_HOSTS": "console.example.com",
}


def main(arguments: list[str]) -> int:
    """Lint and test; the exit code is that of the first thing that failed."""
    if arguments:
        return _pytest(*arguments)
    codes = {name: _lint(name, command) for name, command in LINTS.items()}
    codes["tests on PostgreSQL"] = _pytest(*BOTH_CORES, *ON_POSTGRES)
    # Last, so that the closing line is that of the whole suite.
    codes["tests"] = _pytest(*BOTH_CORES)
    failed = [name for name, code in codes.items() if code]
    if failed:
        print(f"Failed: {', '.join(failed)}.", file=sys.stderr)
    return next((code for code in codes.values() if code), 0)


def _lint(name: str, command: tuple[str, ...]) -> int:
    started_at = time.monotonic()
    with tempfile.TemporaryDirectory() as data_dir:
        code = _run(command, PRODUCTION | {"ROUTING_CONSOLE_DATA_DIR": data_dir})
    verdict = "failed" if code else "passed"
    print(f"{name}: {verdict} in {time.monotonic() - started_at:.1f}s", flush=True)
    return code


def _pytest(*arguments: str) -> int:
    return _run((f"{TOOLS}/pytest", *arguments), {})


def _run(command: tuple[str, ...], environment: dict[str, str]) -> int:
    return subprocess.run(command, cwd=BASE_DIR, env=os.environ | environment).returncode
