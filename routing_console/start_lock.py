"""One console per data folder. Standard library only."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunning(Exception):
    """Another console runs on this data folder; the message is a sentence for people."""


@contextmanager
def only_one(data_dir: Path, address: str) -> Iterator[bool]:
    """Hold the data folder; yields whether the last console there ended without cleaning up.

    The kernel lets go of the lock however the process ends, so no stale lock can stay.
    """
    with (data_dir / "up.lock").open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_sentence(handle.name)) from None
        was_killed = os.fstat(handle.fileno()).st_size > 0
        handle.truncate(0)
        handle.write(json.dumps({"pid": os.getpid(), "address": address}))
        handle.flush()
        try:
            yield was_killed
        finally:
            handle.truncate(0)


def _sentence(lock_file: str) -> str:
    path = Path(lock_file)
    try:
        holder = json.loads(path.read_text())
    except ValueError:  # it took the lock this very moment
        return f"A console is just starting on {path.parent}."
    address, pid = holder["address"], holder["pid"]
    return f"A console already runs on {path.parent}: {address} (process {pid})."
