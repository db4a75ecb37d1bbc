"""The schema of a condition, which rules of two documents have as ``when``."""

from __future__ import annotations

from policies.engine.conditions import RANGE_OPERATORS, SET_OPERATORS
from policies.files.schemas.keywords import Schema, flag, listing, number
from policies.files.schemas.names import text

CONDITION: Schema = {"$ref": "#/$defs/condition"}
_CONSTRAINT: Schema = {"$ref": "#/$defs/constraint"}
_HELD = {
    "has_any": "The set is there and holds at least one of these values.",
    "has_all": "The set is there and holds each of these values.",
    "has_none": "The set is there and holds not one of these values.",
}
_BOUNDS = {
    "gte": "The number is at least this.",
    "gt": "The number is more than this.",
    "lt": "The number is less than this.",
    "lte": "The number is at most this.",
}


def _values(description: str) -> Schema:
    """Texts that differ. The empty text may stand there twice."""
    return {
        **listing(text("A value that is tested."), description=description, minItems=1),
        "if": {"contains": {"const": ""}},
        "else": {"uniqueItems": True},
    }


def _one_of_operators() -> Schema:
    """One operator, several of a set, or bounds of a range: at most one below and one above."""
    bound: Schema = {"anyOf": [{"required": [operator]} for operator in RANGE_OPERATORS]}
    held: Schema = {"anyOf": [{"required": [operator]} for operator in SET_OPERATORS]}
    alone: list[Schema] = [{"required": [name]} for name in ("in", "not_in", "present")]
    return {
        "oneOf": [*alone, held, bound],
        "allOf": [{"not": {"required": list(pair)}} for pair in (("gte", "gt"), ("lt", "lte"))],
    }


def _constraint() -> Schema:
    operators: dict[str, Schema] = {
        "in": _values("The category is one of these values."),
        "not_in": _values("The category is there and is none of these values."),
        **{name: _values(_HELD[name]) for name in SET_OPERATORS},
        "present": flag(description="true: the attribute is there. false: it is missing."),
        **{name: number(description=_BOUNDS[name]) for name in RANGE_OPERATORS},
    }
    tested = {
        "type": "object",
        "properties": operators,
        "additionalProperties": False,
        **_one_of_operators(),
    }
    return {
        "title": "Constraint",
        "description": "true or false for a flag; in or not_in for a category; has_any, has_all "
        "and has_none for a set; gte, gt, lt and lte for a number; present for any. A missing "
        "attribute meets only present: false.",
        "anyOf": [{"type": "boolean"}, tested],
    }


def _condition() -> Schema:
    """A box of constraints; or ``any_of`` boxes, which then stands alone and is not nested."""
    box: Schema = {
        "type": "object",
        "title": "Constraints by attribute",
        "description": "All of them must hold.",
        "properties": {"any_of": False},
        "additionalProperties": _CONSTRAINT,
    }
    several = listing(box, minItems=1, description="At least one of these must hold.")
    return {
        "type": "object",
        "title": "Condition",
        "description": "Constraints by attribute, all of which must hold; or any_of with a list "
        "of such objects. {} always holds.",
        "properties": {"any_of": several},
        "additionalProperties": _CONSTRAINT,
        "if": {"required": ["any_of"]},
        "then": {"maxProperties": 1},
    }


DEFINITIONS: dict[str, Schema] = {"constraint": _constraint(), "condition": _condition()}
