"""The state folder: last good release, pinned keys, newest release seen. Written whole or not.

`release.json` holds body and signature together, so that one rename commits both.
`newest.json` is apart from it: when the release is damaged, a replay is still known as one.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .errors import StateUnusable
from .releases import Mark, Sealed

RELEASE, KEYS, NEWEST = "release.json", "keys.json", "newest.json"


class StateFolder:
    """Reads give None for what is absent or damaged; writes raise StateUnusable.

    Without a path there is no disk: reads find nothing, and writes do nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def has_release(self) -> bool:
        return self.path is not None and (self.path / RELEASE).exists()

    def load_release(self) -> Sealed | None:
        stored = self._load(RELEASE)
        parts = [stored.get(name) for name in ("body", "signature")]
        if not all(isinstance(part, str) for part in parts):
            return None
        body, signature = (str(part) for part in parts)
        return Sealed(body.encode("utf-8", "surrogatepass"), signature)

    def save_release(self, sealed: Sealed) -> None:
        body = sealed.body.decode("utf-8")
        self._save(RELEASE, {"body": body, "signature": sealed.signature})

    def note_confirmed(self, at: float) -> None:
        """Keep beside the release, as its file's time of change, that the console confirmed it at
        this time, in seconds of the epoch. What cannot be written is told when a release comes."""
        if self.path is not None:
            with contextlib.suppress(OSError):
                os.utime(self.path / RELEASE, (at, at))

    def confirmed_at(self) -> float | None:
        """When the console last confirmed the release, in seconds of the epoch."""
        if self.path is None:
            return None
        try:
            return (self.path / RELEASE).stat().st_mtime
        except OSError:
            return None

    def load_keys(self) -> Mapping[str, object]:
        """What the keyring kept; {} when there is nothing."""
        return self._load(KEYS)

    def save_keys(self, content: Mapping[str, object]) -> None:
        self._save(KEYS, content)

    def load_newest(self) -> Mark | None:
        stored = self._load(NEWEST)
        try:
            return Mark(
                str(stored["workflow"]),
                str(stored["environment"]),
                int(str(stored["number"])),
                int(str(stored["not_after"])),
                str(stored.get("kid", "")),
            )
        except (KeyError, ValueError):
            return None

    def save_newest(self, mark: Mark) -> None:
        self._save(NEWEST, vars(mark))

    def _load(self, name: str) -> Mapping[str, object]:
        if self.path is None:
            return {}
        try:
            stored = json.loads((self.path / name).read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return stored if isinstance(stored, dict) else {}

    def _save(self, name: str, content: Mapping[str, object]) -> None:
        if self.path is None:
            return
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self.path / name, json.dumps(content).encode("utf-8"))
        except OSError as error:
            raise StateUnusable(f"{self.path / name} cannot be written: {error}") from None


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file so that after any crash it holds all of the old or all of the new."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(content)
            temporary.flush()
            os.fsync(temporary.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable; where folders cannot be opened, there is no need to."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
