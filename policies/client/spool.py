"""Outcomes that are not delivered yet: bounded, on disk where there is a folder, else in memory.

Each process writes segments of its own, named after it. Those of a process that has ended, however
it ended, are taken over by the next one that looks.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections import deque
from pathlib import Path

from .ownership import Owner
from .segments import Segment

MOST_BYTES = 64 * 1024 * 1024
SUFFIX = ".jsonl"


class Spool:
    """Segments in the order they came, of which the last takes what is added. Thread-safe.

    `waiting` events of `size` bytes are not delivered. Lost are the `dropped` ones, which had to
    make room for newer ones or could not be written before the process ended, and those `missing`
    from their file. `trouble` says what of the disk cannot be used, "" while all is well.
    """

    def __init__(self, folder: Path | None, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._segments: deque[Segment] = deque()
        self._sending: Segment | None = None
        self._owner: Owner | None = None
        self._number = 0
        self.trouble = ""
        self.waiting = 0
        self.size = 0
        self.dropped = self.missing = 0

    @property
    def lost(self) -> int:
        """How many will never be delivered."""
        return self.dropped + self.missing

    @property
    def unwritten(self) -> int:
        """How many of them end with this process."""
        return sum(segment.unwritten for segment in tuple(self._segments))

    def add(self, text: str) -> None:
        """Keep one event; on disk once this returns, where the disk can be written."""
        line = text.encode("utf-8")
        with self._lock:
            last = self._open_segment(line)
            try:
                last.add(line)
                self.trouble = self.trouble if last.unwritten else ""
            except OSError as error:
                self.trouble = f"Outcomes are kept in memory only: {error}"
            self.waiting += 1
            self.size += len(line)
            self._make_room()

    def begin(self) -> list[str]:
        """The oldest events that can be read, to be sent now; [] when there are none. `end` says
        how that went."""
        with self._lock:
            for segment in tuple(self._segments):
                segment.seal()
                if lines := self._read(segment):
                    self._sending = segment
                    return lines
            self._sending = None
            return []

    def end(self, *, done: bool) -> None:
        """What `begin` gave was delivered or given up; else it stays the oldest."""
        with self._lock:
            sent, self._sending = self._sending, None
            if done and sent is not None and sent in self._segments:
                self._remove(sent)

    @property
    def has_files(self) -> bool:
        """Whether some process, perhaps one that has ended, has outcomes on disk."""
        return self._folder is not None and any(self._folder.glob(f"*{SUFFIX}"))

    def take_over(self) -> int:
        """Adopt what processes that have ended left behind; how many events that is."""
        if self._folder is None or not self.has_files:
            return 0
        with self._lock:
            before = self.waiting
            others = {path.name.rpartition("-")[0] for path in self._folder.glob(f"*{SUFFIX}")}
            for name in sorted(others - {self._owner.name if self._owner else ""}):
                self._adopt(self._folder, name)
            self._make_room()
            return self.waiting - before

    def close(self) -> None:
        """Let go of everything; what was written is sent by the next process that looks."""
        with self._lock:
            for segment in self._segments:
                segment.seal()
            self.dropped += self.unwritten
            owner, self._owner = self._owner, None
            self._segments.clear()
            self.waiting = self.size = 0
            if owner is not None:
                owner.release()

    def after_fork(self) -> None:
        """Leave the parent's events to the parent."""
        self._lock = threading.Lock()
        for segment in self._segments:
            segment.seal()
        if self._owner is not None:
            self._owner.forget()
        self._segments, self._sending, self._owner = deque(), None, None
        self.waiting = self.size = self.dropped = self.missing = 0

    def _open_segment(self, line: bytes) -> Segment:
        """The one to append this line to."""
        last = self._segments[-1] if self._segments else None
        if last is None or not last.takes(line):
            if last is not None:
                last.seal()
            last = Segment(self._new_path())
            self._segments.append(last)
        return last

    def _read(self, segment: Segment) -> list[str]:
        """Its events; one that has none left is removed. What is missing is lost; what cannot be
        read now, such as without a free file handle, waits."""
        try:
            lines = segment.lines()
        except OSError as error:
            self.trouble = f"Outcomes that wait on disk cannot be read: {error}"
            return []
        if segment is self._segments[0] and not self.unwritten:
            self.trouble = ""
        missing = segment.count - len(lines)
        segment.count -= missing
        self.waiting -= missing
        self.missing += missing
        if not lines:
            self._remove(segment)
        return lines

    def _remove(self, segment: Segment) -> None:
        self._segments.remove(segment)
        self.waiting -= segment.count
        self.size -= segment.size
        segment.remove()

    def _new_path(self) -> Path | None:
        """Where the next segment goes; None for memory."""
        if self._folder is None:
            return None
        try:
            if self._owner is None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._owner = Owner(self._folder, f"{os.getpid()}-{secrets.token_hex(4)}")
        except OSError as error:
            self.trouble = f"Outcomes are kept in memory only: {error}"
            return None
        self._number += 1
        return self._folder / f"{self._owner.name}-{self._number:08}{SUFFIX}"

    def _adopt(self, folder: Path, name: str) -> None:
        try:
            owner = Owner(folder, name)
        except OSError:
            return  # it is alive
        paths: list[Path] = []
        found: list[Segment] = []
        try:
            paths = sorted(folder.glob(f"{name}-*{SUFFIX}"))
            found = [segment for path in paths if (segment := self._taken_over(path)) is not None]
        finally:
            if len(found) < len(paths):
                owner.forget()  # what is left is tried again
            else:
                owner.release()
        self._segments.extendleft(reversed(found))
        self.waiting += sum(segment.count for segment in found)
        self.size += sum(segment.size for segment in found)

    def _taken_over(self, path: Path) -> Segment | None:
        mine = self._new_path()
        if mine is None:
            return None
        try:
            return Segment.taken_over(path, mine)
        except OSError as error:  # without a free file handle, for instance
            self.trouble = f"Outcomes of an earlier process cannot be read: {error}"
            return None

    def _make_room(self) -> None:
        """The oldest go first, but for what is being sent and what is being written."""
        while self.size > self._most_bytes and len(self._segments) > 1:
            oldest = self._segments[1 if self._segments[0] is self._sending else 0]
            if oldest is self._segments[-1]:
                return
            self.dropped += oldest.count
            self._remove(oldest)
