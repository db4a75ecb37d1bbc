"""One control's text ⇄ one JSON value. What does not read as its kind stays the text typed."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from policies.forms.authoring.shape_kinds import OMITTED, Kind, Leaf

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
LONGEST_NUMBER = 40
ESCAPE = re.compile(r"\\(.)")
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"'}
EMPTY = '""'


def texts_of(leaf: Leaf, value: Any) -> list[str] | None:
    """The texts of the control that shows a value; None when no control of this kind can."""
    if leaf.kind is Kind.FLAG:
        return ["on"][: int(value)] if isinstance(value, bool) else None
    if leaf.kind in (Kind.LINES, Kind.OPTIONAL_LINES, Kind.WORDS):
        return _list_texts(leaf, value)
    if value is None:
        return [""]
    if leaf.kind is Kind.JSON:
        is_typed = isinstance(value, str) and raw_value(value) == value  # and no JSON
        return [value if is_typed else raw_text(value)]
    if isinstance(value, str):
        return [value]
    return [number_text(value)] if _is_number(value) else None


def _list_texts(leaf: Leaf, value: Any) -> list[str] | None:
    if value is None and leaf.kind is Kind.OPTIONAL_LINES:
        return [""]
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        return None
    if leaf.kind is Kind.WORDS:
        return list(value)
    # An empty list means something else than null where both may stand.
    if leaf.kind is Kind.OPTIONAL_LINES and not value:
        return None
    return ["\n".join(escape_line(word) for word in value)]


def value_of(leaf: Leaf, texts: list[str]) -> Any:
    """The JSON value of what a control sent; OMITTED for a member to be left out."""
    if leaf.kind is Kind.FLAG:
        return bool(texts)
    if leaf.kind is Kind.WORDS:
        return [clean(word) for word in texts]
    typed = clean(texts[0]) if texts else ""
    if leaf.omit_blank and not typed.strip():
        return OMITTED
    if leaf.kind is Kind.NUMBER:
        return number_of(typed)
    if leaf.kind is Kind.JSON:
        return raw_value(typed)
    if leaf.kind is Kind.LINES:
        return lines_of(typed)
    if leaf.kind is Kind.OPTIONAL_LINES:
        return lines_of(typed) or None
    return typed or None if leaf.kind is Kind.OPTIONAL_TEXT else typed


def clean(typed: str) -> str:
    """Line ends as documents have them. NUL, which PostgreSQL cannot keep, becomes U+FFFD."""
    return typed.replace("\r\n", "\n").replace("\x00", "\ufffd")


def number_of(typed: str) -> Any:
    """The number, null for nothing, else the text as typed."""
    written = typed.strip()
    if not written:
        return None
    if len(written) > LONGEST_NUMBER or not NUMBER.match(written):
        return typed
    if re.fullmatch(r"[+-]?\d+", written):
        return int(written)
    value = float(written)
    return value if math.isfinite(value) else typed


def number_text(value: float) -> str:
    """A number in its shortest form."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return repr(value)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # A number that its own text would not give back must be shown as raw JSON.
    return math.isfinite(value) and len(number_text(value)) <= LONGEST_NUMBER


def escape_line(word: str) -> str:
    r"""A word in one line: breaks as ``\n``, ``\r``, backslashes as ``\\``, nothing as ``""``."""
    if word in ("", EMPTY):
        return f"\\{word}" if word else EMPTY
    return word.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def unescape_line(line: str) -> str:
    if line == EMPTY:
        return ""
    return ESCAPE.sub(lambda found: ESCAPED.get(found[1], found[0]), line)


def lines_of(typed: str) -> list[str]:
    """The words of a text with one a line; blanks inside and around a word belong to it."""
    return [unescape_line(line) for line in typed.split("\n") if line]


def raw_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def raw_value(typed: str) -> Any:
    """The JSON value written, or the text itself where it is no JSON."""
    try:
        return _kept(json.loads(typed, parse_constant=_refuse))
    except (ValueError, RecursionError):
        return clean(typed)


def _kept(value: Any) -> Any:
    """The value without NUL and half surrogate pairs, which PostgreSQL cannot keep."""
    if isinstance(value, str):
        return clean(value).encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_kept(item) for item in value]
    if isinstance(value, dict):
        return {_kept(key): _kept(item) for key, item in value.items()}
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
