"""Writing plain JSON values as YAML that a team would keep in Git: block style, short lists inline.

The same value always gives the same text, one line changes where one thing changes, and readers of
YAML 1.1 and 1.2 take the same meaning from it (save that those of 1.1 need to know that the key
``on`` is text).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from policies.engine.canonical import LARGEST_EXACT_INTEGER, number_text
from policies.files.yaml_text.scalars import is_text_when_plain

INDENT = 2
WIDTH = 88
LONGEST_SIMPLE_KEY = 1000  # a key in the short form ends within 1024 characters
# A plain scalar must not start like something else, nor look like a key or a comment inside.
_UNSAFE = re.compile(r"""[-?:,\[\]{}#&*!|>'"%@`=<~.+]|.*(:\s|\s\#|:\Z)""")
_UNSAFE_IN_FLOW = re.compile(r"[,\[\]{}]|:")
_PLAIN_KEYS = frozenset({"on"})


def dump_yaml(value: object, *, comment: str = "") -> str:
    """The text of a JSON value, its comment lines first. ``load_yaml`` gives the value back."""
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    if isinstance(value, dict | list) and value:
        lines += _block(value, 0)
    else:
        lines.append(_inline(value))
    return "\n".join(lines) + "\n"


def _block(value: dict[str, object] | list[object], depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _entry(_key(key, depth), member, depth)
        return
    for item in value:
        if isinstance(item, dict) and item:
            # The first member stands beside the dash, the others below it.
            first, *rest = _block(item, depth + 1)
            yield f"{_margin(depth)}- {first[INDENT * (depth + 1) :]}"
            yield from rest
        else:
            yield from _entry("-", item, depth)


def _entry(head: str, value: object, depth: int) -> Iterator[str]:
    start = f"{_margin(depth)}{head}"
    if isinstance(value, str) and _suits_a_block(value):
        yield f"{start} |" if value.endswith("\n") else f"{start} |-"
        margin = _margin(depth + 1)
        for line in value.removesuffix("\n").split("\n"):
            yield margin + line if line else ""
        return
    inline = _inline_list(value, len(start)) if isinstance(value, list) else None
    if inline is not None:
        yield f"{start} {inline}"
    elif isinstance(value, dict | list) and value:
        yield start
        yield from _block(value, depth + 1)
    else:
        yield f"{start} {_inline(value)}"


def _margin(depth: int) -> str:
    return " " * (INDENT * depth)


def _inline_list(values: list[object], taken: int) -> str | None:
    """``[a, b]`` where only scalars stand in it and the line holds it."""
    if any(isinstance(value, dict | list) for value in values):
        return None
    text = f"[{', '.join(_inline(value, in_flow=True) for value in values)}]"
    return text if taken + len(text) < WIDTH or not values else None


def _inline(value: object, *, in_flow: bool = False) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, str):
        return _text(value, in_flow=in_flow)
    if not value:
        return "{}" if isinstance(value, dict) else "[]"
    raise TypeError(f"{type(value).__name__} is no JSON scalar")


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    # Beyond 2^53 digits would be read as an integer, which no double holds.
    text = number_text(value) if abs(value) <= LARGEST_EXACT_INTEGER else repr(value)
    mantissa, exponent, power = text.partition("e")
    # Readers of YAML 1.1 take 1e-9 as text, and 1.0e-9 as the number it is.
    return f"{mantissa}.0e{power}" if exponent and "." not in mantissa else text


def _key(text: str, depth: int) -> str:
    written = text if text in _PLAIN_KEYS else _text(text, in_flow=True)
    if len(written) > LONGEST_SIMPLE_KEY:
        return f"? {written}\n{_margin(depth)}:"
    return f"{written}:"


def _text(text: str, *, in_flow: bool) -> str:
    safe = (
        text.isprintable()
        and text == text.strip()
        and not _UNSAFE.match(text)
        and not (in_flow and _UNSAFE_IN_FLOW.search(text))
        and is_text_when_plain(text)
    )
    return text if safe else _quoted(text)


def _quoted(text: str) -> str:
    """In double quotes, with JSON's escapes and YAML's for what cannot be printed."""
    return "".join(map(_visible, json.dumps(text, ensure_ascii=False)))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _suits_a_block(text: str) -> bool:
    """Whether a literal block keeps every character of it, and reads well."""
    lines = text.removesuffix("\n").split("\n")
    return (
        len(lines) > 1
        and bool(lines[0])
        and bool(lines[-1])
        and not lines[0].startswith(" ")
        and all(line.isprintable() and line == line.rstrip() for line in lines)
    )
