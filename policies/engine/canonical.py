"""The canonical form of a JSON value (RFC 8785) and its digest."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator

from .errors import DocumentError, Problem, pointer_token

LARGEST_EXACT_INTEGER = 2**53
MAX_DEPTH = 200


def canonical_bytes(value: object) -> bytes:
    """The one UTF-8 text of a JSON value, as RFC 8785 (JCS) defines it.

    Accepts dict (text keys), list, tuple, str, int, float, bool and None. Raises DocumentError,
    with a pointer, for what JSON or a double cannot say: NaN, infinities, integers beyond 2^53,
    lone surrogates, keys that are not text, other types, nesting deeper than MAX_DEPTH.
    """
    return "".join(_write(value, "", 0)).encode("utf-8")


def digest(value: object) -> str:
    """``sha256:<64 hex digits>`` of the canonical form."""
    return "sha256:" + hashlib.sha256(canonical_bytes(value)).hexdigest()


def _refuse(pointer: str, message: str) -> DocumentError:
    return DocumentError([Problem(pointer, message)])


def _write(value: object, pointer: str, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise _refuse("", f"must not be nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        yield from _write_object(value, pointer, depth)
    elif isinstance(value, list | tuple):
        yield from _write_array(value, pointer, depth)
    else:
        yield _scalar(value, pointer)


def _write_object(members: dict[object, object], pointer: str, depth: int) -> Iterator[str]:
    keys = [key for key in members if isinstance(key, str)]
    if len(keys) != len(members):
        raise _refuse(pointer, "every key must be text")
    # UTF-16 code units, not code points: the two orders differ above U+FFFF.
    keys.sort(key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    separator = "{"
    for key in keys:
        place = pointer + pointer_token(key)
        yield separator + _text(key, place) + ":"
        yield from _write(members[key], place, depth + 1)
        separator = ","
    yield "}" if keys else "{}"


def _write_array(
    values: list[object] | tuple[object, ...], pointer: str, depth: int
) -> Iterator[str]:
    separator = "["
    for index, value in enumerate(values):
        yield separator
        yield from _write(value, f"{pointer}/{index}", depth + 1)
        separator = ","
    yield "]" if values else "[]"


def _scalar(value: object, pointer: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value, pointer)
    if isinstance(value, int):
        if abs(value) > LARGEST_EXACT_INTEGER:
            raise _refuse(pointer, "must be an integer of at most 2^53; larger ones lose digits")
        return str(int(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _refuse(pointer, "must be a finite number; JSON has no NaN or infinity")
        return number_text(value)
    raise _refuse(pointer, f"must be a JSON value, not {type(value).__name__}")


def _text(value: str, pointer: str) -> str:
    if has_lone_surrogate(value):
        raise _refuse(pointer, "must be valid Unicode text; it holds half of a surrogate pair")
    return json.dumps(value, ensure_ascii=False)


def has_lone_surrogate(text: str) -> bool:
    """Whether the text cannot be written as UTF-8."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def number_text(value: float) -> str:
    """A finite double as ECMAScript's Number::toString writes it (ECMA-262, 6.1.6.1.20).

    Python's repr gives the same shortest digits that round-trip; only the layout differs.
    """
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    return sign + _lay_out(stripped.rstrip("0"), point)


def _lay_out(digits: str, point: int) -> str:
    """Digits d1d2… meaning 0.d1d2… × 10^point, in ECMAScript's four layouts."""
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    power = point - 1
    fraction = f".{digits[1:]}" if count > 1 else ""
    return f"{digits[0]}{fraction}e{'+' if power > 0 else '-'}{abs(power)}"
