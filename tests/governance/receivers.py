"""Which functions of ours a signal calls: what acts without being asked by name."""

from __future__ import annotations

import sys
from typing import Any
from weakref import ReferenceType

from celery.utils.dispatch import Signal as CelerySignal
from django.dispatch import Signal

OURS = ("policies.", "evaluations.", "routing_console.")


def receivers() -> frozenset[str]:
    """``module.function`` of each, of every signal that a loaded module has by a name."""
    # By type, not `isinstance`: that would wake lazy objects, some of which cannot be made.
    signals = {
        id(value): value
        for module in list(sys.modules.values())
        for value in list(vars(module).values())
        if issubclass(type(value), Signal | CelerySignal)
    }
    called = [_called(entry[1]) for found in signals.values() for entry in found.receivers or ()]
    return frozenset(name for name in called if name.startswith(OURS))


def _called(receiver: Any) -> str:
    function = receiver() if isinstance(receiver, ReferenceType) else receiver
    function = getattr(function, "__func__", function)
    name = getattr(function, "__qualname__", type(function).__name__)
    return f"{getattr(function, '__module__', '')}.{name}"
