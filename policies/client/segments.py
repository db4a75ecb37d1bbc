"""A batch of outcomes on its way: in a file, in memory where that cannot be written, or both."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

MOST_EVENTS = 500
MOST_BYTES = 2_000_000  # the console takes at most 5 MB, unpacked


class Segment:
    """Events as JSON lines, in the order they came. Not thread-safe."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._unwritten: list[bytes] = []
        self._sealed = False
        self.count = 0
        self.size = 0

    @classmethod
    def taken_over(cls, path: Path, mine: Path) -> Segment:
        """One that another process left behind, in a file of ours from now on. Raises OSError where
        it cannot be read or had, and leaves it where it is."""
        segment = cls(path)
        segment._sealed = True
        lines = segment._written()
        segment.count, segment.size = len(lines), sum(map(len, lines))
        segment._path = path.rename(mine)
        return segment

    @property
    def unwritten(self) -> int:
        """How many of its events are in memory only."""
        return len(self._unwritten)

    def takes(self, line: bytes) -> bool:
        """Whether it is open and there is room; an empty one has room for any."""
        room = self.count < MOST_EVENTS and self.size + len(line) <= MOST_BYTES
        return not self._sealed and (room or not self.count)

    def add(self, line: bytes) -> None:
        """Append one event. Raises OSError when it could be kept in memory only."""
        self.count += 1
        self.size += len(line)
        try:
            self._write(line)
        except OSError:
            self._unwritten.append(line)
            raise

    def lines(self) -> list[str]:
        """All events that are left; raises OSError where they cannot be read now."""
        lines = (*self._written(), *self._unwritten)
        return [line.decode("utf-8", "replace") for line in lines]

    def seal(self) -> None:
        """Nothing is appended any more."""
        self._sealed = True
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def remove(self) -> None:
        """Delivered, or given up."""
        self.seal()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()

    def _write(self, line: bytes) -> None:
        if self._path is None:
            self._unwritten.append(line)
            return
        if self._unwritten:
            raise OSError("an event before it could not be written")
        if self._descriptor is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
            self._descriptor = os.open(self._path, flags, 0o600)
        # One call, not buffered: it is there for the next process once this returns.
        written = os.write(self._descriptor, line + b"\n")
        if written <= len(line):
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise OSError("the disk is full")

    def _written(self) -> list[bytes]:
        """The file's whole lines; a power cut may have left half of one at the end, and somebody
        may have removed it."""
        if self._path is None:
            return []
        try:
            *lines, _ = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        return [line for line in lines if line.startswith(b"{") and line.endswith(b"}")]
