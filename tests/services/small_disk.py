"""A small file system that a test can fill, where it may mount one."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FILLED_AT_ONCE = 64 * 1024


@dataclass(frozen=True)
class SmallDisk:
    """Everything below `folder`. `is_real` is False where none could be mounted, for `why`."""

    folder: Path
    is_real: bool
    why: str = ""

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not a byte more can be written, until the end."""
        if not self.is_real:
            raise RuntimeError(f"There is no small disk to fill: {self.why}")
        filler = self.folder / "filler"
        with filler.open("wb", buffering=0) as file:
            for size in (FILLED_AT_ONCE, 1):
                _fill(file.fileno(), size)
        try:
            yield
        finally:
            filler.unlink()


def _fill(descriptor: int, size: int) -> None:
    part = bytes(size)
    while True:
        try:
            os.write(descriptor, part)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """A tmpfs of this size at the folder, which takes root; else the folder as it is."""
    folder.mkdir()
    options = f"size={megabytes}m,mode=0700"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError as error:
        yield SmallDisk(folder, False, str(error))
        return
    if done.returncode:
        yield SmallDisk(folder, False, done.stderr.strip())
        return
    try:
        yield SmallDisk(folder, True)
    finally:
        # Lazily: a process that ends may still hold a file.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
