"""Reads the values of an event's members: each reader takes any JSON value, or raises Wrong."""

from __future__ import annotations

import datetime
import re
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from ..canonical import LARGEST_EXACT_INTEGER, has_lone_surrogate
from ..errors import pointer_token
from ..fallback import FAILURE_KINDS
from ..reading import kind_of, nearest, quoted, unknown_key

NANO = 1_000_000_000
MICRO_PER_MILLI = 1000
MOST_ATTEMPTS = 50
MOST_ATTRIBUTES = 100
MOST_HELD = 100
LONGEST_VALUE = 2000
# A day in one request, a thousand dollars, a hundred million tokens: beyond, a unit is wrong.
MOST_MS, MOST_USD, MOST_TOKENS = 86_400_000, 1_000, 100_000_000
# In one summary: a minute, one kind, one router. Sums of so many stay well below what a column
# holds.
MOST_REQUESTS = 1_000_000
# What names count under that are too many to be kept apart.
OTHER = "other"


T = TypeVar("T")


class Wrong(ValueError):
    """A value is not what it should be; `within` points below the member that was read."""

    def __init__(self, message: str, within: str = "") -> None:
        super().__init__(message)
        self.within = within


def _text(value: object, longest: int = 200) -> str:
    if not isinstance(value, str):
        raise Wrong(f"must be text, not {kind_of(value)}")
    if len(value) > longest:
        raise Wrong(f"must be at most {longest} characters, not {len(value)}")
    if "\x00" in value or not value.isprintable():
        raise Wrong("must be one line of printable text")
    return value


def name(value: object) -> str:
    text = _text(value)
    if not text:
        raise Wrong("must not be empty")
    return text


def key(value: object) -> str:
    return "" if value is None else _text(value, 64)


def optional_text(value: object) -> str:
    return "" if value is None else _text(value)


def _number(value: object, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"must be a number, not {kind_of(value)}")
    if not 0 <= value <= most:  # neither is NaN
        raise Wrong(f"must be a number from 0 to {most:,}")
    return value


def flag(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise Wrong(f"must be true or false, not {kind_of(value)}")


def share(value: object) -> float | None:
    return None if value is None else _number(value, 1)


def tokens(value: object) -> int | None:
    if value is None:
        return None
    number = _number(value, MOST_TOKENS)
    if number != int(number):
        raise Wrong("must be a whole number of tokens")
    return int(number)


def whole(most: float) -> Callable[[object], int]:
    """A reader of whole numbers from 0 to `most`; null is 0."""

    def read(value: object) -> int:
        number = 0 if value is None else _number(value, most)
        if number != int(number):
            raise Wrong("must be a whole number")
        return int(number)

    return read


def within(place: str, read: Callable[[object], T], value: object) -> T:
    """What a reader makes of a value that stands at this place below the member."""
    try:
        return read(value)
    except Wrong as wrong:
        raise Wrong(str(wrong), place + wrong.within) from None


def nano_usd(value: object) -> int | None:
    return None if value is None else round(_number(value, MOST_USD) * NANO)


def nano_quality(value: object) -> int | None:
    return None if value is None else round(_number(value, 1) * NANO)


def microseconds(value: object) -> int | None:
    return None if value is None else round(_number(value, MOST_MS) * MICRO_PER_MILLI)


def moment(value: object) -> datetime.datetime:
    form = "must be a time with its zone, such as 2026-01-31T09:30:00Z"
    if not isinstance(value, str):
        raise Wrong(f"{form}, not {kind_of(value)}")
    try:
        read = datetime.datetime.fromisoformat(_readable(value))
    except ValueError:
        raise Wrong(form) from None
    if read.tzinfo is None:
        raise Wrong(f"{form}; this one has no zone")
    try:
        return read.astimezone(datetime.timezone.utc)
    except OverflowError:
        raise Wrong("must lie within the years 1 to 9999") from None


def _as_python_3_10_reads(text: str) -> str:
    """It takes neither "Z" for a zone nor other fractions of a second than of three or six digits;
    later ones leave off what is below a microsecond, too."""
    text = re.sub(r"[Zz]\Z", "+00:00", text)
    return re.sub(r"(?<=:\d\d)[.,](\d+)", lambda found: f".{found[1][:6]:0<6}", text)


_readable = _as_python_3_10_reads if sys.version_info < (3, 11) else str


def release_digest(value: object) -> str:
    text = optional_text(value)
    if text and not (text.startswith("sha256:") and len(text) == 71):
        raise Wrong('must be the digest of the release, "sha256:" and 64 hexadecimal digits')
    return text


def attributes(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Wrong(f"must be an object, not {kind_of(value)}")
    if len(value) > MOST_ATTRIBUTES:
        raise Wrong(f"must hold at most {MOST_ATTRIBUTES} attributes, not {len(value)}")
    for name, content in value.items():
        if not _is_plain_text(name, 64) or not (_is_plain(content) or _is_set(content)):
            raise Wrong(
                f"must be null, true, false, a number, at most {LONGEST_VALUE} characters of "
                f"text or a list of at most {MOST_HELD} such texts, under a name of at most 64",
                pointer_token(name),
            )
    return value


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return _is_plain_text(value, LONGEST_VALUE)
    if isinstance(value, int | float):
        return abs(value) <= LARGEST_EXACT_INTEGER  # neither is NaN, nor what no float can hold
    return value is None


def _is_set(value: object) -> bool:
    """Whether it is the value of a set: a list of texts."""
    return (
        isinstance(value, list)
        and len(value) <= MOST_HELD
        and all(isinstance(text, str) and _is_plain_text(text, LONGEST_VALUE) for text in value)
    )


def _is_plain_text(value: str, longest: int) -> bool:
    # PostgreSQL keeps neither NUL nor half of a surrogate pair.
    return len(value) <= longest and "\x00" not in value and not has_lone_surrogate(value)


def attempts(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise Wrong(f"must be a list of attempts, not {kind_of(value)}")
    if len(value) > MOST_ATTEMPTS:
        raise Wrong(f"must hold at most {MOST_ATTEMPTS} attempts, not {len(value)}")
    return [_attempt(entry, f"/{index}") for index, entry in enumerate(value)]


def _attempt(entry: object, place: str) -> dict[str, Any]:
    """An attempt with all its members; failure_kind null means that it answered."""
    if not isinstance(entry, dict):
        raise Wrong(f"must be an object, not {kind_of(entry)}", place)
    attempt: dict[str, Any] = dict.fromkeys(_ATTEMPT_READERS)
    for name, content in entry.items():
        read = _ATTEMPT_READERS.get(name)
        if read is None:
            guess = nearest(name, _ATTEMPT_READERS)
            raise Wrong(unknown_key(guess, _ATTEMPT_READERS), place + pointer_token(name))
        attempt[name] = within(place + pointer_token(name), read, content)
    if attempt["model"] is None:
        raise Wrong("is required", f"{place}/model")
    return attempt


def _failure_kind(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in FAILURE_KINDS:
        hint = nearest(value, FAILURE_KINDS) if isinstance(value, str) else ""
        raise Wrong(f"must be null or one of {quoted(FAILURE_KINDS)}{hint}")
    return value


def _attempt_number(most: float) -> Callable[[object], float | None]:
    return lambda value: None if value is None else _number(value, most)


Reader = Callable[[object], Any]
_ATTEMPT_READERS: dict[str, Reader] = {
    "model": name,
    "failure_kind": _failure_kind,
    "latency_ms": _attempt_number(MOST_MS),
    "cost_usd": _attempt_number(MOST_USD),
}
