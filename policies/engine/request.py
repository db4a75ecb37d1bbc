"""Requests: what a router knows of a call before it is routed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from .attributes import Attribute
from .bundle import Bundle
from .canonical import LARGEST_EXACT_INTEGER, has_lone_surrogate
from .classification import RequestClassification
from .conditions import Value
from .errors import Problem
from .reading import Place, kind_of, nearest, parsed, quoted
from .text import keyword_found, pattern_found

# What a request may hold for an attribute; the values of a set in any order.
Given = str | float | int | bool | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Request:
    """Attributes by name, and what is known of prompt, identity and size (in tokens)."""

    attributes: Mapping[str, Given] = field(default_factory=dict)
    prompt: str | None = None
    request_id: str = ""
    input_tokens: int | None = None
    max_output_tokens: int | None = None


def parse_request(raw: object) -> Request:
    """Parses ``{"attributes": {…}, "prompt"?, "request_id"?, "input_tokens"?,
    "max_output_tokens"?}``; raises DocumentError with every problem.
    """
    return parsed(raw, _read_request)


def _read_request(place: Place) -> Request:
    fields = place.fields("attributes", "prompt", "request_id", "input_tokens", "max_output_tokens")
    members = fields.optional("attributes", {}).members()
    return Request(
        attributes={name: _read_value(item) for name, item in members},
        prompt=fields.optional("prompt", None).nullable(_read_prompt),
        request_id=fields.optional("request_id", "").text(max_length=1000),
        input_tokens=fields.optional("input_tokens", None).nullable(Place.integer),
        max_output_tokens=fields.optional("max_output_tokens", None).nullable(Place.integer),
    )


def _read_prompt(place: Place) -> str:
    if not isinstance(place.value, str):
        place.report(f"must be text or null, not {kind_of(place.value)}")
        return ""
    return place.value


def _read_value(place: Place) -> Given:
    value = place.value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return place.text()
    if isinstance(value, int | float):
        return place.number()
    if isinstance(value, list | tuple):
        return tuple(item.text() for item in place.items(of="texts"))
    place.report(
        f"must be text, a number, true, false, a list of texts or null, not {kind_of(value)}"
    )
    return None


def check_request(bundle: Bundle, request: Request) -> list[Problem]:
    """What of a request's attributes ``decide`` will not use: names that are not declared,
    values of another type, not finite, or not among the declared values.
    """
    declared = bundle.request_classification.declared
    problems: list[Problem] = []
    known = quoted(declared) or "none"
    place = Place(request.attributes, "/attributes", problems)
    for name, value in request.attributes.items():
        attribute = declared.get(name)
        trouble = (
            f"unknown attribute{place.guess(name, declared)}; declared are {known}"
            if attribute is None
            else _trouble(attribute, value)
        )
        if trouble:
            place.child(name, value).report(trouble)
    return problems


def _trouble(attribute: Attribute, value: object) -> str:
    if value is None:
        return ""
    if attribute.type == "set":
        return _set_trouble(attribute, value)
    if usable(attribute, value) is not None:
        return ""
    if attribute.type == "flag":
        return f"must be true or false, not {kind_of(value)}"
    if attribute.type == "number":
        return _number_trouble(attribute, value)
    if isinstance(value, str) and attribute.values is not None:
        return f"must be one of {quoted(attribute.values)}{nearest(value, attribute.values)}"
    return f"must be text, not {kind_of(value)}"


def _set_trouble(attribute: Attribute, value: object) -> str:
    if not _are_texts(value):
        return f"must be a list of texts, not {kind_of(value)}"
    held = frozenset(_held(attribute, value))
    unused = [text for text in value if text not in held]
    if not unused:
        return ""
    if attribute.values is None:
        return "must hold texts without half surrogate pairs; others are left out"
    return (
        f"must hold some of {quoted(attribute.values)}{nearest(unused[0], attribute.values)}; "
        f"{quoted(dict.fromkeys(unused))} is left out"
    )


def _are_texts(value: object) -> TypeGuard[Sequence[str]]:
    return isinstance(value, list | tuple) and all(isinstance(text, str) for text in value)


def _number_trouble(attribute: Attribute, value: object) -> str:
    if attribute.within is not None and _finite(value) is not None:
        lowest, highest = attribute.within
        return f"must be a number from {lowest:g} to {highest:g}, not {value}"
    return f"must be a finite number, not {kind_of(value)}"


def usable(attribute: Attribute, value: object) -> Value | None:
    """The value as the attribute's type, or None where it counts as missing.

    Missing are: another type, NaN and infinities, numbers outside the attribute's bounds, text
    outside a category's declared values. Of a set, texts outside its declared values are left
    out; a list in which something is no text counts as missing.
    Numbers become doubles, so that every language compares them alike.
    """
    if attribute.type == "flag":
        return value if isinstance(value, bool) else None
    if attribute.type == "number":
        number = _finite(value)
        return number if number is None or _is_within(attribute, number) else None
    if attribute.type == "set":
        return _held(attribute, value) if _are_texts(value) else None
    return value if isinstance(value, str) and _is_allowed(attribute, value) else None


def _held(attribute: Attribute, texts: Sequence[str]) -> tuple[str, ...]:
    """The values of a set, each once; what is not declared is left out."""
    return tuple(sorted({text for text in texts if _is_allowed(attribute, text)}))


def _is_allowed(attribute: Attribute, text: str) -> bool:
    if attribute.values is not None:
        return text in attribute.values
    return not has_lone_surrogate(text)


def _is_within(attribute: Attribute, number: float) -> bool:
    return attribute.within is None or attribute.within[0] <= number <= attribute.within[1]


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def known_size(tokens: object) -> int | None:
    """A token count that can be reckoned with: a whole number from 0 to 2^53."""
    if isinstance(tokens, bool) or not isinstance(tokens, int):
        return None
    return tokens if 0 <= tokens <= LARGEST_EXACT_INTEGER else None


def resolve(classification: RequestClassification, request: Request) -> dict[str, Value]:
    """The values that conditions see: usable ones of declared attributes, and derived flags.

    A derived flag follows from the prompt; without a prompt the request may carry it itself.
    """
    values: dict[str, Value] = {}
    for name, attribute in classification.declared.items():
        if attribute.derived_from is not None and isinstance(request.prompt, str):
            values[name] = _derived(attribute, request.prompt)
            continue
        value = usable(attribute, request.attributes.get(name))
        if value is not None:
            values[name] = value
    return values


def _derived(attribute: Attribute, prompt: str) -> bool:
    derivation = attribute.derived_from
    if derivation is None:
        return False
    if derivation.pattern is not None:
        return pattern_found(derivation.pattern, prompt)
    return keyword_found(derivation.keywords, prompt)
