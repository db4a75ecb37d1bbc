"""What a plain scalar means: the core schema of YAML 1.2, decimal numbers only."""

from __future__ import annotations

import math
import re

import yaml

from policies.engine.canonical import LARGEST_EXACT_INTEGER

CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
INTEGER = re.compile(r"[-+]?[0-9]+\Z")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
NOT_FINITE = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
# What PyYAML reads as text and others do not: YAML 1.1's short booleans, 1.2's octal numbers, and
# Go's (Kubernetes') numbers of other bases and dates without leading zeros.
_OF_OTHER_READERS = re.compile(
    r"([yYnN]|[-+]?0[bBoOxX][0-9a-fA-F]+|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2})\Z"
)
# Any integer up to 2^53 has at most this many characters, sign included.
LONGEST_INTEGER = 17


class UnreadableScalar(ValueError):
    """A number that no double holds; the message says what would be right."""


def plain_value(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar. Raises UnreadableScalar."""
    if text in CONSTANTS:
        return CONSTANTS[text]
    if INTEGER.match(text):
        return _integer(text)
    if FLOAT.match(text):
        value = float(text)
        if math.isfinite(value):
            return value
        raise UnreadableScalar("must be a number a double can hold")
    if NOT_FINITE.match(text):
        raise UnreadableScalar("must be a finite number, or a text in quotes")
    return text


def _integer(text: str) -> int:
    digits = text.lstrip("+-").lstrip("0")
    if len(digits) >= LONGEST_INTEGER or int(digits or "0") > LARGEST_EXACT_INTEGER:
        raise UnreadableScalar(
            "must be an integer of at most 2^53, or a text in quotes; larger ones lose digits"
        )
    return int(digits or "0") * (-1 if text.startswith("-") else 1)


def is_text_when_plain(text: str) -> bool:
    """Whether every reader takes it as text unquoted, those of YAML 1.1 (``no``, dates) too."""
    digits = text.replace("_", "")  # which some readers pass over
    if text in CONSTANTS or FLOAT.match(digits) or NOT_FINITE.match(text):
        return False
    if _OF_OTHER_READERS.match(digits):
        return False
    tag = _OF_YAML_1_1.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return str(tag) == "tag:yaml.org,2002:str"


_OF_YAML_1_1 = yaml.resolver.Resolver()
