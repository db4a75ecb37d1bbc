"""Whole numbers as addresses and forms write them."""

from __future__ import annotations

# Any double holds these exactly, every database compares them, and `int` reads them at once.
LONGEST = 15


def whole_number(text: str) -> int | None:
    """A whole number of 0 or more, of 15 ASCII digits at most; None for anything else."""
    bare = text.strip()
    is_whole = bare.isascii() and bare.isdecimal() and len(bare) <= LONGEST
    return int(bare) if is_whole else None
