"""What is looked at without running a test, for `manage.py test`. Standard library only."""

import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Self

from routing_console.project_root import BASE_DIR

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
# Those that only read the source; the others start Django.
OF_THE_SOURCE = ("ruff check", "ruff format", "mypy", "import contracts")
# What a deployment sets; nothing is connected to.
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "routing_console.settings",
    "DJANGO_SECRET_KEY": "no-secret-but-as-long-as-one-0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "DJANGO_ALLOWED_HOSTS": "console.example.com",
}


@dataclass(frozen=True)
class Linted:
    """One lint: its exit code, how long it took, and everything it printed."""

    name: str
    code: int
    seconds: float
    output: str

    def tell(self) -> None:
        """Print what it said, and last whether it passed."""
        verdict = "failed" if self.code else "passed"
        print(self.output, end="")
        print(f"{self.name}: {verdict} in {self.seconds:.1f}s", flush=True)


def lint(name: str) -> Linted:
    """Run one lint to its end."""
    started_at = time.monotonic()
    with tempfile.TemporaryDirectory() as data_dir:
        done = subprocess.run(
            LINTS[name],
            cwd=BASE_DIR,
            env=environ | PRODUCTION | {"ROUTING_CONSOLE_DATA_DIR": data_dir},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    return Linted(name, done.returncode, time.monotonic() - started_at, done.stdout)


class Beside:
    """Lints that run one after another beside something else, on whatever core is idle."""

    def __init__(self, *names: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lints")
        self._lints: list[Future[Linted]] = [self._thread.submit(lint, name) for name in names]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)  # after Ctrl-C none is begun any more

    def tell(self) -> dict[str, int]:
        """Wait for each and print it; the exit codes by name."""
        codes = {}
        for future in self._lints:
            linted = future.result()
            linted.tell()
            codes[linted.name] = linted.code
        return codes
