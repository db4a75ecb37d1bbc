"""LiteLLM in a process and an environment of its own, since it wants other versions than ours.

Runs `driver.py` there, which answers one JSON line with one. The environment is built of the lock,
once, and kept under the lock's digest beside our own.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent
LOCK = HERE / "requirements-litellm.lock"
DRIVER = HERE / "driver.py"


def litellm_python() -> Path:
    """The interpreter of the environment; makes the environment where it is not there yet."""
    name = f"litellm-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]}"
    folder = Path(sys.prefix) / name
    python = folder / "bin" / "python"
    if not python.exists():
        _make(folder)
    return python


def _make(folder: Path) -> None:
    """Elsewhere first, then put in place, so that half an environment is never taken for one."""
    started = folder.with_name(f"{folder.name}.{os.getpid()}")
    uv = str(Path(sys.prefix) / "bin" / "uv")
    options = ("--clear", "--relocatable", "--quiet", "--python", sys.executable)
    subprocess.run([uv, "venv", *options, str(started)], check=True)
    python = str(started / "bin" / "python")
    locked = ("--require-hashes", "--quiet", "-r", str(LOCK))
    subprocess.run([uv, "pip", "install", "--python", python, *locked], check=True)
    try:
        started.rename(folder)
    except OSError:  # another process was faster
        shutil.rmtree(started)


class Process:
    """Asks the driver, one question at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, do: str, **options: Any) -> Any:
        """What the driver's function of that name gives; its exception as an AssertionError."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"do": do, **options}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the LiteLLM process has ended"
        answer = json.loads(line)
        assert "error" not in answer, answer.get("error")
        return answer["result"]


@contextmanager
def running_process() -> Iterator[Process]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONPATH": str(ROOT),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "NO_PROXY": "127.0.0.1,localhost",
    }
    process = subprocess.Popen(
        [str(litellm_python()), str(DRIVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    try:
        yield Process(process)
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait(60)
