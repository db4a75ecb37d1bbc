"""A request written into an address, so that a trial can be shared, linked and filled from.

``a.<name>`` carries an attribute, a set as one value a line or as a JSON list; ``prompt``,
``request_id``, ``input_tokens`` and ``max_output_tokens`` are themselves. What a parameter's text
means depends on the attribute's declared type, so reading takes the declared attributes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from policies.engine import Request
from policies.engine.attributes import Attribute
from policies.engine.request import Given
from policies.wording.whole_numbers import whole_number

ATTRIBUTE = "a."
SIZES = ("input_tokens", "max_output_tokens")
PLAIN = ("prompt", "request_id", *SIZES)
# Longer prompts do not fit into an address that every server and browser takes.
LONGEST_PROMPT = 2000
FLAGS = {"true": True, "false": False}
MOST_DIGITS = 400


def request_pairs(raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The parameters of a request in the form of ``parse_request``; what is null is left out."""
    attributes = raw.get("attributes") or {}
    named = [(f"{ATTRIBUTE}{name}", value) for name, value in attributes.items()]
    named += [(name, raw.get(name)) for name in PLAIN]
    return [(name, _written(value)) for name, value in named if value not in (None, "")]


def request_query(raw: Mapping[str, Any]) -> str:
    """The same as a query string."""
    return urlencode(request_pairs(raw))


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return _lines(value) if isinstance(value, list | tuple) else str(value)


def _lines(values: Sequence[str]) -> str:
    """One value a line; a JSON list where that would read as something else."""
    text = "\n".join(values)
    return (
        text
        if text and _texts(text) == list(values)
        else json.dumps(list(values), ensure_ascii=False)
    )


def _texts(text: str) -> list[str]:
    if text.startswith("["):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list) and all(isinstance(entry, str) for entry in found):
            return found
    return [line for line in text.splitlines() if line]


def says_a_request(names: Iterable[str]) -> bool:
    """Whether any of the parameters belongs to a request."""
    return any(name.startswith(ATTRIBUTE) or name in PLAIN for name in names)


def read_address(parameters: Mapping[str, str], declared: Mapping[str, Attribute]) -> Request:
    """The request of an address. Text that does not fit its attribute stays text, for the engine
    to tell; sizes that are no whole numbers are left out.
    """
    attributes = {
        name.removeprefix(ATTRIBUTE): _value(text, declared.get(name.removeprefix(ATTRIBUTE)))
        for name, text in parameters.items()
        if name.startswith(ATTRIBUTE) and text
    }
    return Request(
        attributes=attributes,
        prompt=parameters.get("prompt") or None,
        request_id=parameters.get("request_id", ""),
        input_tokens=whole_number(parameters.get("input_tokens", "")),
        max_output_tokens=whole_number(parameters.get("max_output_tokens", "")),
    )


def _value(text: str, attribute: Attribute | None) -> Given:
    if attribute is not None and attribute.type == "set":
        return _texts(text)
    if attribute is None or attribute.type == "category":
        return text
    if attribute.type == "flag":
        return FLAGS.get(text, text)
    try:
        number = float(text) if len(text) < MOST_DIGITS else None
    except ValueError:
        return text
    return text if number is None else number
