"""The latest values by name, bounded in number and in bytes. Thread-safe."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """The latest `most` values, and no more than `most_bytes` by the sizes they are kept with;
    the newest one always.
    """

    def __init__(self, most: int, most_bytes: int = 0) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._values: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, name: str, value: T, size: int = 0) -> None:
        """Keep a value of so many bytes in place of what the name had."""
        with self._lock:
            self._remove(name)
            self._values[name] = value, size
            self._bytes += size
            while len(self._values) > 1 and self._is_full:
                self._remove(next(iter(self._values)))

    def find(self, name: str) -> T | None:
        with self._lock:
            value, _ = self._values.get(name, (None, 0))
            return value

    @property
    def _is_full(self) -> bool:
        return len(self._values) > self._most or self._bytes > self._most_bytes

    def _remove(self, name: str) -> None:
        _, size = self._values.pop(name, (None, 0))
        self._bytes -= size


def size_of(value: object) -> int:
    """Bytes of memory that a value of a request or decision takes, without the keys of objects,
    which are the release's."""
    inner: Iterable[object] = ()
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, tuple):
        inner = value
    return sys.getsizeof(value) + sum(size_of(part) for part in inner)
