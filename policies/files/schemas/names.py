"""Names and texts that the documents share, by the engine's own patterns and lengths."""

from __future__ import annotations

import re

from policies.engine.attributes import RESERVED_NAMES
from policies.engine.fallback import ANY_MODEL
from policies.engine.reading import (
    KEY_PATTERN,
    KEY_RULE,
    MAX_NAME_LENGTH,
    MAX_TEXT_LENGTH,
    quoted,
)
from policies.files.schemas.keywords import Schema

KEY_FORM = KEY_RULE[0].upper() + KEY_RULE[1:] + "."
# Which other characters do not print, no pattern says that every dialect reads.
_CONTROL = r"\u0000-\u001f\u007f-\u009f"
LABEL_PATTERN = rf"^[^\s{_CONTROL}]([^{_CONTROL}]*[^\s{_CONTROL}])?$"
TEXT_PATTERN = r"^[^\u0000]*$"


def whole(pattern: re.Pattern[str]) -> str:
    """A pattern that the engine matches from start to end, in the dialect of JSON Schema."""
    return f"^{pattern.pattern.removesuffix(chr(92) + 'Z')}$"


def key(description: str, **more: object) -> Schema:
    """An identifier: a class, a rule, an attribute, a region."""
    said = f"{description} {KEY_FORM}"
    return {"type": "string", "pattern": whole(KEY_PATTERN), "description": said, **more}


def attribute_name(description: str, **more: object) -> Schema:
    """The name of an attribute that a request carries."""
    said = f"{description} Not {quoted(RESERVED_NAMES)}."
    return key(said, **{"not": {"enum": list(RESERVED_NAMES)}}, **more)


def label(description: str, **more: object) -> Schema:
    """A name for people or of a model: one line, not empty."""
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_NAME_LENGTH,
        "pattern": LABEL_PATTERN,
        "description": description,
        **more,
    }


def model(description: str) -> Schema:
    """A model's name, as the catalogue has it."""
    return label(description, **{"not": {"const": ANY_MODEL}})


def text(description: str, *, max_length: int = MAX_TEXT_LENGTH, **more: object) -> Schema:
    """Free text, which may be empty."""
    return {
        "type": "string",
        "maxLength": max_length,
        "pattern": TEXT_PATTERN,
        "description": description,
        **more,
    }


def remark(what: str) -> Schema:
    """The member ``description`` that most entries have."""
    return text(f"What people should know of {what}.", default="")
