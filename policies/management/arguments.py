"""Types of command-line arguments."""

from __future__ import annotations

import argparse

from policies.engine.canonical import has_lone_surrogate


def whole_text(value: str) -> str:
    """Text that will be kept: a shell may hand over bytes that are no text at all."""
    if has_lone_surrogate(value):
        raise argparse.ArgumentTypeError("must be UTF-8 text")
    return value
