"""Reading JSON text strictly: what the standard reader lets pass silently is an error here."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator

from .canonical import LARGEST_EXACT_INTEGER, MAX_DEPTH, has_lone_surrogate
from .errors import DocumentError, Problem, pointer_token


class _Unreadable:
    """Stands in the tree for a literal that has no place in JSON, until its pointer is known."""

    def __init__(self, message: str) -> None:
        self.message = message


class _Bound:
    """Raises DocumentError once more values than may be were counted."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._left = math.inf if most is None else most

    def take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise DocumentError([Problem("", f"must hold at most {self._most:,} values in all")])


class _Members(dict[str, object]):
    """An object that remembers which of its keys were written twice."""

    def __init__(self, pairs: Iterable[tuple[str, object]]) -> None:
        super().__init__()
        self.repeated: set[str] = set()
        for key, value in pairs:
            if key in self:
                self.repeated.add(key)
            self[key] = value


def load_json(text: str | bytes, *, most_values: int | None = None) -> object:
    """The value of a JSON text, made of dict, list, str, int, float, bool and None.

    A text of more than `most_values` members and items, or numbers, is refused before much is
    done with it.
    Raises DocumentError with every duplicate key, NaN or Infinity, number that a double cannot
    hold and lone surrogate (with pointers), or with the line and column of a syntax error.
    """
    problems: list[Problem] = []
    bound, numbers = _Bound(most_values), _Bound(most_values)

    def members(pairs: list[tuple[str, object]]) -> _Members:
        bound.take(len(pairs))
        return _Members(pairs)

    def integer(literal: str) -> object:
        numbers.take(1)
        return _int(literal)

    def number(literal: str) -> object:
        numbers.take(1)
        return _float(literal)

    try:
        # Python's reader turns "1e999" into infinity and long digit runs into ValueError.
        tree = json.loads(
            _decoded(text),
            object_pairs_hook=members if most_values is not None else _Members,
            parse_constant=lambda name: _Unreadable(f"{name} is not JSON; use a number or null"),
            parse_float=number if most_values is not None else _float,
            parse_int=integer if most_values is not None else _int,
        )
        value = _plain(tree, "", problems, 0, bound)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise DocumentError([Problem("", f"is not JSON: {error.msg} at {place}")]) from None
    except RecursionError:
        raise DocumentError([_too_deep()]) from None
    if problems:
        raise DocumentError(problems)
    return value


def _too_deep() -> Problem:
    return Problem("", f"must not be nested deeper than {MAX_DEPTH} levels")


def _decoded(text: str | bytes) -> str:
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"must be UTF-8 text; byte {error.start} is not"
        raise DocumentError([Problem("", message)]) from None


def _float(literal: str) -> object:
    value = float(literal)
    return value if math.isfinite(value) else _Unreadable("must be a number a double can hold")


def _int(literal: str) -> object:
    # Twenty characters hold every integer up to 2^53 with its sign; more is not worth reading.
    if len(literal) > 20 or abs(int(literal)) > LARGEST_EXACT_INTEGER:
        return _Unreadable("must be an integer of at most 2^53; larger ones lose digits")
    return int(literal)


def _plain(
    node: object, pointer: str, problems: list[Problem], depth: int, bound: _Bound
) -> object:
    if depth > MAX_DEPTH:
        raise DocumentError([_too_deep()])
    if isinstance(node, _Members):
        return _plain_object(node, pointer, problems, depth, bound)
    if isinstance(node, list):
        bound.take(len(node))
        return [
            _plain(item, f"{pointer}/{index}", problems, depth + 1, bound)
            for index, item in enumerate(node)
        ]
    if isinstance(node, _Unreadable):
        problems.append(Problem(pointer, node.message))
        return None
    if isinstance(node, str) and has_lone_surrogate(node):
        problems.append(Problem(pointer, "must be valid Unicode text, without lone surrogates"))
    return node


def _plain_object(
    node: _Members, pointer: str, problems: list[Problem], depth: int, bound: _Bound
) -> dict[str, object]:
    plain: dict[str, object] = {}
    for key, value in node.items():
        place = pointer + pointer_token(key)
        if key in node.repeated:
            problems.append(Problem(place, "is written more than once; keep one"))
        if has_lone_surrogate(key):
            problems.append(Problem(place, "must be a key of valid Unicode text"))
        plain[key] = _plain(value, place, problems, depth + 1, bound)
    return plain


def places_of_nul(value: object, pointer: str = "") -> Iterator[str]:
    """Pointers at all text and keys of a JSON value that hold a NUL, which databases refuse."""
    if isinstance(value, str) and "\x00" in value:
        yield pointer
    elif isinstance(value, dict):
        for key, inner in value.items():
            place = pointer + pointer_token(key)
            if "\x00" in key:
                yield place
            yield from places_of_nul(inner, place)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places_of_nul(inner, f"{pointer}/{index}")
