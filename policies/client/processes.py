"""What becomes of clients when their process forks or ends."""

from __future__ import annotations

import atexit

# Codecs that names of hosts, documents and their digests are read with are loaded when they are
# first used. Were that in a thread of ours while the process forks, the child would wait for ever
# for the import to end.
import encodings.idna
import encodings.utf_8_sig
import encodings.utf_16_be  # noqa: F401
import os
import threading  # noqa: F401 - its own hook has to be registered before ours, see below
import weakref
from typing import Protocol


class Follower(Protocol):
    """Something with threads and connections, which a fork leaves to the parent."""

    def after_fork(self) -> None: ...

    def close(self) -> None: ...


_followers: weakref.WeakSet[Follower] = weakref.WeakSet()


def follow(follower: Follower) -> None:
    """Have it told in each forked child, and closed when the process ends by itself."""
    _followers.add(follower)


def _in_the_child() -> None:
    for follower in list(_followers):
        follower.after_fork()


def _at_the_end() -> None:
    for follower in list(_followers):
        follower.close()


# In a child `threading` declares every thread dead that it finds; ours start after that.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_the_child)
atexit.register(_at_the_end)
