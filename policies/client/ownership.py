"""Which process a name belongs to, of spool files or an id: a lock that ends with its process."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: every file found at the start is taken for left behind
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"


def tells_who_is_alive() -> bool:
    """Whether locks hold here; else two processes may own one name."""
    return fcntl is not None


class Owner:
    """Holds the lock of a name; raises OSError when another process does."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._path = folder / f"{name}{LOCK}"
        self._descriptor = self._locked()

    def release(self) -> None:
        """Give the name up, with everything that bears it done."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        self.forget()

    def forget(self) -> None:
        """Close and leave the file: in a child that inherited it, whose parent goes on holding it,
        or of a name that is to be had again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _locked(self) -> int | None:
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                if fcntl is not None:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_still_there(descriptor):
                    return descriptor
            except OSError:
                os.close(descriptor)
                raise
            os.close(descriptor)  # another released the name meanwhile: lock the new file

    def _is_still_there(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(descriptor))
        except FileNotFoundError:
            return False
