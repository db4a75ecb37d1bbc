"""The schema of ``request_classification``."""

from __future__ import annotations

from policies.engine.attributes import OWN_KEY, TYPES
from policies.engine.classification import RISKS
from policies.files.schemas.conditions import CONDITION, DEFINITIONS
from policies.files.schemas.keywords import (
    SCHEMA_NUMBER,
    Schema,
    choice,
    listing,
    nullable,
    number,
    record,
    when,
    words,
)
from policies.files.schemas.names import attribute_name, key, label, remark, text


def _derived_from() -> Schema:
    keyword = text("Found anywhere in the prompt, whatever the case.", minLength=1)
    return record(
        {
            "keywords": words(
                keyword,
                minItems=1,
                description="The flag is true where any of these occurs in the prompt.",
            ),
            "pattern": text(
                "An RE2 regular expression; the flag is true where it is found in the prompt.",
                minLength=1,
            ),
        },
        title="Derivation",
        description="How a flag follows from the prompt: by keywords or by a pattern. null: the "
        "request carries the flag itself.",
        default=None,
        minProperties=1,
        maxProperties=1,
    )


def _attribute() -> Schema:
    members = {
        "name": attribute_name("What requests and conditions call it."),
        "type": choice(
            TYPES,
            description="number: compared by size. category: one of some texts. set: any of some "
            "texts, none or several. flag: true or false.",
        ),
        "description": remark("the attribute"),
        "unit": text("Numbers only: the unit that people read, such as tokens.", default=""),
        "values": nullable(
            words(
                label("A value that a request may carry."),
                minItems=1,
                description="Categories and sets only: the values that may come. null: any text.",
                default=None,
            )
        ),
        "derived_from": nullable(_derived_from()),
    }
    foreign = [
        when(
            "type",
            [owner],
            {"properties": {other: False for other in OWN_KEY.values() if other != own}},
        )
        for owner, own in OWN_KEY.items()
    ]
    return record(
        members,
        required=("name", "type"),
        title="Attribute",
        description="Something that a request tells of itself and that conditions may test.",
        allOf=foreign,
    )


def _class() -> Schema:
    return record(
        {
            "key": key("What rules, policies, matrices and thresholds call the class."),
            "label": label("What people read. Default: the key."),
            "risk": choice(RISKS, description="How much harm a wrong answer does."),
            "description": remark("the class"),
        },
        required=("key", "risk"),
        title="Class",
        description="A kind of request that policies tell apart.",
    )


def _rule() -> Schema:
    return record(
        {
            "id": key("Names the rule in decisions, traces and reviews; each differs."),
            "description": remark("the rule"),
            "when": CONDITION,
            "class": key("The class of requests for which the condition holds: one of classes."),
        },
        required=("id", "when", "class"),
        title="Rule",
        description="The first rule whose condition holds gives the class.",
    )


def _provided() -> Schema:
    return record(
        {
            "attribute": attribute_name("The attribute in which the router sends the class."),
            "confidence_attribute": attribute_name(
                "The attribute in which the router sends its confidence in that class, from 0 to 1."
            ),
            "min_confidence": number(
                at_least=0,
                at_most=1,
                description="The class is taken at this confidence or more, from 0 to 1.",
            ),
        },
        required=("attribute", "confidence_attribute", "min_confidence"),
        title="Provided class",
        description="A classifier at the router: its class is taken before any rule is asked. "
        "null: rules alone decide. The two attributes need no declaration.",
        default=None,
    )


DOCUMENT: Schema = {
    **record(
        {
            "schema": SCHEMA_NUMBER,
            "attributes": listing(
                _attribute(), description="What requests tell of themselves.", default=[]
            ),
            "classes": listing(
                _class(), minItems=1, description="The kinds of requests there are."
            ),
            "rules": listing(
                _rule(), description="Tried in this order; the first that holds wins.", default=[]
            ),
            "default_class": key("The class where no rule holds: one of classes."),
            "provided": nullable(_provided()),
        },
        required=("schema", "classes", "default_class"),
        title="Request classification",
        description="Which class a request is of.",
    ),
    "$defs": DEFINITIONS,
}
