"""The few forms that the schemas are written in: objects, lists, numbers, texts, choices."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from policies.engine.canonical import LARGEST_EXACT_INTEGER

Schema = dict[str, object]

SCHEMA_NUMBER: Schema = {
    "const": 1,
    "description": "Version of the document format. 1 is the only one.",
}


def record(
    members: Mapping[str, Schema], *, required: Collection[str] = (), **more: object
) -> Schema:
    """An object that has these members and no others."""
    return {
        "type": "object",
        **more,
        "properties": dict(members),
        "required": list(required),
        "additionalProperties": False,
    }


def listing(items: Schema, **more: object) -> Schema:
    """A list whose entries are all of one form."""
    return {"type": "array", **more, "items": items}


def words(items: Schema, **more: object) -> Schema:
    """A list of texts that differ."""
    return listing(items, uniqueItems=True, **more)


def choice(options: Collection[str], **more: object) -> Schema:
    """One of a closed list of words."""
    return {"enum": list(options), **more}


def flag(**more: object) -> Schema:
    return {"type": "boolean", **more}


def number(
    *,
    at_least: float = -LARGEST_EXACT_INTEGER,
    at_most: float = LARGEST_EXACT_INTEGER,
    above: float | None = None,
    below: float | None = None,
    **more: object,
) -> Schema:
    """A number that a double holds exactly; ``above`` and ``below`` are bounds it may not reach."""
    low: Schema = {"minimum": at_least} if above is None else {"exclusiveMinimum": above}
    high: Schema = {"maximum": at_most} if below is None else {"exclusiveMaximum": below}
    return {"type": "number", **low, **high, **more}


def whole_number(*, at_least: int, at_most: int = LARGEST_EXACT_INTEGER, **more: object) -> Schema:
    return {"type": "integer", "minimum": at_least, "maximum": at_most, **more}


def nullable(schema: Schema) -> Schema:
    """The same, or null. The other keywords speak of their own type only."""
    return {**schema, "type": [schema["type"], "null"]}


def when(member: str, options: Collection[str], then: Schema) -> Schema:
    """What else holds where a member is one of these words."""
    asked = {"properties": {member: {"enum": list(options)}}, "required": [member]}
    return {"if": asked, "then": then}
