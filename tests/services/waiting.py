"""Waiting for what another thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Whether it becomes true in so many seconds; looks a hundred times a second."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
