"""What a router is called in its reports: the same each time it starts, and no other's."""

from __future__ import annotations

import contextlib
import re
import secrets
import socket
from pathlib import Path

from . import ownership
from .errors import ClientError
from .ownership import LOCK, Owner

LONGEST = 120
# No more are kept than processes ever ran at once, since whoever starts takes one that is free.
MOST_KEPT = 1000
ENDED = ".ended"
_KEPT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}-[0-9a-f]{8}")
_OWN_PART = 9  # of a kept one, with its hyphen


class InstanceId:
    """The id that is given, else one of those that are kept in the folder as names of locks.

    `claim` takes the first that no living process holds, so that a router has the same one after
    a restart and after a kill, and of several in one folder each has its own. Those whose last
    process said no goodbye come first: the console waits for them. Names are all that is read.
    Without a folder, and where processes cannot be told alive, it is a new one at each start.

    A forked child leaves the parent's to the parent. `trouble` says why an id is not kept, "" while
    all is well. Not thread-safe.
    """

    def __init__(self, folder: Path | None, given: str = "") -> None:
        if given:
            require_line(f"The instance id {given!r}", given)
        self._folder = folder
        self._given = given
        self._is_child = False
        self._owner: Owner | None = None
        self._name = _new_name()
        self.trouble = ""

    def __str__(self) -> str:
        if not self._given:
            return self._name
        if not self._is_child:
            return self._given
        return self._given[: LONGEST - _OWN_PART] + self._name[-_OWN_PART:]

    def claim(self) -> None:
        """Hold an id until `release`. Never raises."""
        is_settled = self._owner is not None or (self._given and not self._is_child)
        if self._folder is None or is_settled or not ownership.tells_who_is_alive():
            return
        try:
            self._owner = self._free(self._folder)
        except OSError as error:
            self.trouble = f"The instance id is not kept: {error}"
            return
        self.trouble = ""
        self._name = self._owner.name
        with contextlib.suppress(OSError):
            (self._folder / f"{self._name}{ENDED}").unlink()

    def release(self, *, said_goodbye: bool) -> None:
        """Let the next process that starts have it, or this one again."""
        owner, self._owner = self._owner, None
        if owner is None or self._folder is None:
            return
        if said_goodbye:
            with contextlib.suppress(OSError):
                (self._folder / f"{owner.name}{ENDED}").touch(mode=0o600)
        owner.forget()

    def after_fork(self) -> None:
        if self._owner is not None:
            self._owner.forget()
        self._owner = None
        self._is_child = True
        self._name = _new_name()

    def _free(self, folder: Path) -> Owner:
        """Raises OSError where no id can be held there."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = {path.name for path in folder.iterdir()}
        names = [name.removesuffix(LOCK) for name in files if name.endswith(LOCK)]
        kept = [name for name in names if _KEPT.fullmatch(name)]
        kept.sort(key=lambda name: (name != self._name, f"{name}{ENDED}" in files, name))
        for name in kept:
            with contextlib.suppress(OSError):  # its process is alive, or it cannot be used
                return Owner(folder, name)
        if len(kept) >= MOST_KEPT:
            raise OSError(f"{folder} holds {len(kept)} already, and none is free")
        name = _new_name()
        try:
            return Owner(folder, name)
        except OSError:  # a file system that has no locks
            with contextlib.suppress(OSError):
                (folder / f"{name}{LOCK}").unlink()
            raise


def require_line(what: str, text: object) -> None:
    """Raises ClientError, naming `what`, for a name that the console would refuse in a report."""
    if not isinstance(text, str) or not text or not text.isprintable() or text != text.strip():
        raise ClientError(f"{what} must be one line of printable text without blanks at its ends.")
    if len(text) > LONGEST:
        raise ClientError(f"{what} must be at most {LONGEST} characters, not {len(text)}.")


def _new_name() -> str:
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()).lstrip("._-")[:60]
    return f"{host or 'router'}-{secrets.token_hex(4)}"
