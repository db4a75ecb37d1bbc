"""The difference of two documents as lines of their JSON text."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import Any

CONTEXT_LINES = 3


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line. ``sign`` is "+", "-", " " or "gap" (lines left out); numbers count from 1."""

    sign: str
    text: str
    old: int | None = None
    new: int | None = None


def document_lines(old: Any, new: Any, context: int = CONTEXT_LINES) -> list[DocumentLine]:
    """Changed lines with some unchanged ones around; nothing when the documents are equal."""
    before, after = _text_lines(old), _text_lines(new)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    lines: list[DocumentLine] = []
    end = 0
    for group in matcher.get_grouped_opcodes(context):
        start = group[0][1]
        if start > end:
            lines.append(_gap(start - end))
        for tag, i1, i2, j1, j2 in group:
            lines += _lines_of(tag, before, after, (i1, i2, j1, j2))
        end = group[-1][2]
    if lines and len(before) > end:
        lines.append(_gap(len(before) - end))
    return [] if before == after else lines


def _lines_of(
    tag: str, before: list[str], after: list[str], spans: tuple[int, int, int, int]
) -> list[DocumentLine]:
    i1, i2, j1, j2 = spans
    if tag == "equal":
        return [
            DocumentLine(" ", before[i1 + step], i1 + step + 1, j1 + step + 1)
            for step in range(i2 - i1)
        ]
    removed = [DocumentLine("-", before[i], i + 1, None) for i in range(i1, i2)]
    return removed + [DocumentLine("+", after[j], None, j + 1) for j in range(j1, j2)]


def _gap(count: int) -> DocumentLine:
    return DocumentLine("gap", f"{count} line{'s' if count != 1 else ''} alike")


def _text_lines(document: Any) -> list[str]:
    return json.dumps(document, indent=2, ensure_ascii=False).splitlines()
