"""Coroutines in tests that share a process with browser tests."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """`asyncio.run`, also in a thread in which Playwright keeps a loop of its own.

    That one counts as running for as long as a browser is open, though it only goes on while
    the browser is asked for something.
    """
    browsers = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return asyncio.run(coroutine)
    finally:
        asyncio._set_running_loop(browsers)
