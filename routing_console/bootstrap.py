"""What `manage.py` does before anything is installed. Standard library only.

Makes `.venv`, installs the hash-pinned lock into it and goes on inside it. A stamp holds
the lock's digest, so that the second start installs nothing.
"""

import fcntl
import hashlib
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from routing_console import supervisor, test_command
from routing_console.project_root import BASE_DIR

VENV = Path(os.environ.get("ROUTING_CONSOLE_VENV", BASE_DIR / ".venv")).absolute()
PYTHON = VENV / "bin" / "python"

RUNTIME_LOCK = BASE_DIR / "requirements.lock"
DEVELOPMENT_LOCK = BASE_DIR / "requirements-dev.lock"  # holds the runtime lock's pins too
INSTALLER_LOCK = BASE_DIR / "requirements-uv.lock"


def run(argv: list[str]) -> None:
    """Carry out `manage.py argv[1:]`, inside `.venv` when this interpreter lacks Django."""
    command = argv[1] if len(argv) > 1 else "help"
    if command == "up":
        _enter_environment(argv, RUNTIME_LOCK)
        sys.exit(supervisor.main(argv[2:]))
    if command == "test":
        _enter_environment(argv, DEVELOPMENT_LOCK)
        sys.exit(test_command.main(argv[2:]))
    _run_django(argv)


def _run_django(argv: list[str]) -> None:
    if find_spec("django") is None:
        if _inside() or not PYTHON.exists():
            sys.exit("Django is not installed yet: run `python3 manage.py up` once.")
        _re_execute(argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routing_console.settings")
    # By name, because nothing of Django may be imported before it is there.
    importlib.import_module("django.core.management").execute_from_command_line(argv)


def _inside() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def _re_execute(argv: list[str]) -> NoReturn:
    sys.stdout.flush()
    os.execv(PYTHON, [str(PYTHON), *argv])  # noqa: S606 - no shell is wanted


def _enter_environment(argv: list[str], lock: Path) -> None:
    _ensure_installed(lock)
    if not _inside():
        _re_execute(argv)


def _ensure_installed(lock: Path) -> None:
    if _is_installed(lock):
        return
    with _one_at_a_time():
        if _is_installed(lock):  # by the other start that held the lock meanwhile
            return
        if not PYTHON.exists():
            print(f"Making {VENV} …", flush=True)
            _call(sys.executable, "-m", "venv", "--without-pip", str(VENV))
        print(f"Installing what {lock.name} pins …", flush=True)
        _install(lock)
        _stamp(lock).write_text(_digest(lock))


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    VENV.mkdir(parents=True, exist_ok=True)
    with (VENV / ".installing").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _stamp(lock: Path) -> Path:
    return VENV / f".installed-{lock.stem}"


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _is_installed(lock: Path) -> bool:
    return any(
        PYTHON.exists() and _stamp(done).is_file() and _stamp(done).read_text() == _digest(done)
        for done in {lock, DEVELOPMENT_LOCK}
    )


def _install(lock: Path) -> None:
    arguments = ("install", "--quiet", "--require-hashes", "-r", str(lock))
    if not _succeeds("-m", "pip", "--version"):
        _ensure_pip()
    if _uv_is_there():
        # Compiled now, on all cores, as pip does: each of the processes starts a second sooner.
        options = ("--compile-bytecode", "--python", str(PYTHON))
        if _succeeds("-m", "uv", "pip", *arguments, *options):
            return
        print("uv could not install it (it reads no pip settings); trying pip …", flush=True)
    _call(str(PYTHON), "-m", "pip", *arguments, "--disable-pip-version-check")


def _ensure_pip() -> None:
    if not _succeeds("-m", "ensurepip"):
        sys.exit(
            "This Python cannot make a virtual environment with pip in it; on Debian and "
            "Ubuntu `apt-get install python3-venv` mends that."
        )


def _uv_is_there() -> bool:
    pinned = ("-r", str(INSTALLER_LOCK))
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
    return _succeeds(*pip, "--only-binary", ":all:", "--require-hashes", *pinned)


def _succeeds(*arguments: str) -> bool:
    return subprocess.run([str(PYTHON), *arguments], capture_output=True).returncode == 0


def _call(*command: str) -> None:
    try:
        subprocess.run(command, check=True)
    except subprocess.CalledProcessError as error:
        sys.exit(f"`{' '.join(command)}` failed with exit code {error.returncode}.")
