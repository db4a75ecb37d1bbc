"""The JavaScript decider as a child process: one JSON line in, one out."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO, Any

ANSWERING = Path(__file__).with_name("answering.mjs")
NODE = shutil.which("node")


class Decider:
    """Answers of `answering.mjs`, in the order of what is asked."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, **asked: Any) -> Any:
        return self.ask_all([asked])[0]

    def ask_all(self, asked: Sequence[object]) -> list[Any]:
        """Written by a thread, so that neither side waits for the other's pipe."""
        writer = Thread(target=self._write, args=(asked,), daemon=True)
        writer.start()
        answers = self._process.stdout
        assert answers is not None
        read = [json.loads(answers.readline()) for _ in asked]
        writer.join()
        return read

    def _write(self, asked: Sequence[object]) -> None:
        lines: IO[str] | None = self._process.stdin
        assert lines is not None
        lines.writelines(json.dumps(one) + "\n" for one in asked)
        lines.flush()


@contextmanager
def running_decider() -> Iterator[Decider]:
    """Needs Node."""
    assert NODE is not None
    process = subprocess.Popen(
        [NODE, str(ANSWERING)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    with process:
        try:
            yield Decider(process)
        finally:
            process.kill()
