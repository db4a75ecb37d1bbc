"""The rules of documents that the parser keeps and a JSON Schema cannot say."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from policies.engine import Problem
from tests.policies.files.whole_documents import CLASSIFICATION, MATRIX, POLICY, THRESHOLDS, Raw

CONDITION = r"/rules/\d+/when(/any_of/\d+)?"
CONSTRAINT = rf"{CONDITION}/[^/]*"
VALUES = rf"{CONSTRAINT}/(in|not_in|has_any|has_all|has_none)"


@dataclass(frozen=True)
class ParserRule:
    """One rule: why no schema says it, where it is reported (`at`, a pattern of pointers) and how
    (`says`), and a document that breaks it and nothing else.
    """

    name: str
    why: str
    at: str
    says: str
    kind: str
    example: Raw

    def covers(self, kind: str, problem: Problem) -> bool:
        return (
            kind == self.kind
            and re.fullmatch(self.at, problem.pointer) is not None
            and re.match(self.says, problem.message) is not None
        )


def with_change(document: Raw, change: Callable[[Any], object]) -> Raw:
    changed = deepcopy(document)
    change(changed)
    return changed


def classification(change: Callable[[Any], object]) -> Raw:
    return with_change(CLASSIFICATION, change)


ONE_FIELD = "uniqueItems compares whole entries, not one field of them."
REFERENCE = "A keyword speaks of one place; none refers to the words written at another."
TWO_NUMBERS = "No keyword compares two numbers of a document."
PRINTS = (
    "Which characters print is a table of Unicode, which the dialects of patterns do not share."
)

RULES = (
    ParserRule(
        "Names of attributes differ",
        ONE_FIELD,
        r"/attributes/\d+/name",
        r'".+" is already used at ',
        "request_classification",
        classification(lambda raw: raw["attributes"].append({"name": "vip", "type": "flag"})),
    ),
    ParserRule(
        "Keys of classes differ",
        ONE_FIELD,
        r"/classes/\d+/key",
        r'".+" is already used at ',
        "request_classification",
        classification(lambda raw: raw["classes"].append({"key": "hard", "risk": "low"})),
    ),
    ParserRule(
        "Ids of rules differ",
        ONE_FIELD,
        r"/rules/\d+/id",
        r'".+" is already used at ',
        "request_classification",
        classification(
            lambda raw: raw["rules"].append({"id": "long", "when": {}, "class": "hard"})
        ),
    ),
    ParserRule(
        "A class that is named is declared",
        REFERENCE,
        r"/default_class|/rules/\d+/class",
        "must be a class: one of ",
        "request_classification",
        classification(lambda raw: raw.update(default_class="odd")),
    ),
    ParserRule(
        "An attribute that is tested is declared",
        REFERENCE,
        CONSTRAINT,
        "unknown attribute",
        "request_classification",
        classification(lambda raw: raw["rules"][1].update(when={"hour": {"gt": 8}})),
    ),
    ParserRule(
        "A constraint suits the type of its attribute",
        REFERENCE,
        CONSTRAINT,
        r'".+" is a (number|category|set|flag), which cannot be tested with ',
        "request_classification",
        classification(lambda raw: raw["rules"][1].update(when={"vip": {"gt": 8}})),
    ),
    ParserRule(
        "A value that is tested is declared",
        REFERENCE,
        rf"{VALUES}/\d+",
        "must be a declared value: one of ",
        "request_classification",
        classification(lambda raw: raw["rules"][1].update(when={"task": {"in": ["sql"]}})),
    ),
    ParserRule(
        "Values of a condition differ, even beside an empty one",
        "The parser lets the empty text stand twice; uniqueItems cannot pass over one value.",
        rf"{VALUES}/\d+",
        r'".+" is already used at ',
        "request_classification",
        classification(
            lambda raw: raw["rules"][1].update(when={"tenant": {"in": ["", "acme", "acme"]}})
        ),
    ),
    ParserRule(
        "A range holds a number",
        TWO_NUMBERS,
        CONSTRAINT,
        "no number lies in this range",
        "request_classification",
        classification(lambda raw: raw["rules"][1].update(when={"tokens": {"gt": 5, "lt": 5}})),
    ),
    ParserRule(
        "A set can be as it is asked to be",
        "No keyword compares two lists of a document.",
        CONSTRAINT,
        "no set is like this",
        "request_classification",
        classification(
            lambda raw: raw["rules"][1].update(
                when={"groups": {"has_all": ["beta"], "has_none": ["beta"]}}
            )
        ),
    ),
    ParserRule(
        "`has_any` asks for at most 1,000 combinations of values at once",
        "No keyword multiplies.",
        CONSTRAINT,
        '"has_any" asks for 1001 combinations',
        "request_classification",
        classification(
            lambda raw: raw["rules"][1].update(
                when={"groups": {"has_any": [str(number) for number in range(1001)]}}
            )
        ),
    ),
    ParserRule(
        "Keywords differ in more than case",
        "uniqueItems compares texts letter by letter.",
        r"/attributes/\d+/derived_from/keywords/\d+",
        r'".+" is already used at ',
        "request_classification",
        classification(
            lambda raw: raw["attributes"][3]["derived_from"].update(keywords=["Def", "dEF"])
        ),
    ),
    ParserRule(
        "A pattern is an RE2 regular expression",
        "The format regex means another dialect.",
        r"/attributes/\d+/derived_from/pattern",
        "must be an RE2 regular expression",
        "request_classification",
        classification(lambda raw: raw["attributes"][4]["derived_from"].update(pattern="(?=a)")),
    ),
    ParserRule(
        "The two attributes of `provided` differ",
        REFERENCE,
        "/provided/confidence_attribute",
        "must be another attribute",
        "request_classification",
        classification(lambda raw: raw["provided"].update(confidence_attribute="predicted_class")),
    ),
    ParserRule(
        "The attributes of `provided` are a category and a number where they are declared",
        REFERENCE,
        "/provided/(attribute|confidence_attribute)",
        "must be a (category|number), but ",
        "request_classification",
        classification(lambda raw: raw["provided"].update(confidence_attribute="vip")),
    ),
    ParserRule(
        "Labels and values of categories and sets are printable text",
        PRINTS,
        r"/classes/\d+/label|/attributes/\d+/values/\d+",
        "must be one line of printable text",
        "request_classification",
        classification(lambda raw: raw["classes"][0].update(label="a\u200bb")),
    ),
    ParserRule(
        "Ids of rules differ",
        ONE_FIELD,
        r"/rules/\d+/id",
        r'".+" is already used at ',
        "router_policy",
        with_change(POLICY, lambda raw: raw["rules"][1].update(id="simple-to-mini")),
    ),
    ParserRule(
        "Candidates of a route differ",
        ONE_FIELD,
        r"(/rules/\d+/route|/default)/candidates/\d+/model",
        r'".+" is already used at ',
        "router_policy",
        with_change(POLICY, lambda raw: raw["default"]["candidates"].append({"model": "o3"})),
    ),
    ParserRule(
        "Values of a condition differ, even beside an empty one",
        "The parser lets the empty text stand twice; uniqueItems cannot pass over one value.",
        rf"{VALUES}/\d+",
        r'".+" is already used at ',
        "router_policy",
        with_change(POLICY, lambda raw: raw["rules"][1].update(when={"t": {"in": ["", "a", "a"]}})),
    ),
    ParserRule(
        "A range holds a number",
        TWO_NUMBERS,
        CONSTRAINT,
        "no number lies in this range",
        "router_policy",
        with_change(POLICY, lambda raw: raw["rules"][1].update(when={"t": {"gte": 2, "lte": 1}})),
    ),
    ParserRule(
        "A set can be as it is asked to be",
        "No keyword compares two lists of a document.",
        CONSTRAINT,
        "no set is like this",
        "router_policy",
        with_change(
            POLICY,
            lambda raw: raw["rules"][1].update(when={"t": {"has_any": ["a"], "has_none": ["a"]}}),
        ),
    ),
    ParserRule(
        "`has_any` asks for at most 1,000 combinations of values at once",
        "No keyword multiplies.",
        CONSTRAINT,
        '"has_any" asks for 1001 combinations',
        "router_policy",
        with_change(
            POLICY,
            lambda raw: raw["rules"][1].update(
                when={"t": {"has_any": [str(number) for number in range(1001)]}}
            ),
        ),
    ),
    ParserRule(
        "Salts and models are printable text",
        PRINTS,
        r"(/rules/\d+/route|/default)/(salt|candidates/\d+/model)",
        "must be one line of printable text",
        "router_policy",
        with_change(POLICY, lambda raw: raw["default"].update(salt="a\u200bb")),
    ),
    ParserRule(
        "Each case of a failure stands in one row",
        ONE_FIELD,
        r"/rows/\d+/on/\d+",
        r'".+" of model ".+" and .+ is already answered at ',
        "fallback_matrix",
        with_change(MATRIX, lambda raw: raw["rows"].append({"model": "*", "on": ["auth"]})),
    ),
    ParserRule(
        "A row does not lead to the model that failed",
        REFERENCE,
        r"/rows/\d+/then/\d+",
        "must not be the model that has just failed",
        "fallback_matrix",
        with_change(MATRIX, lambda raw: raw["rows"][0].update(then=["gpt-4o-mini"])),
    ),
    ParserRule(
        "`max_ms` is not below `base_ms`",
        TWO_NUMBERS,
        r"/rows/\d+/retries/max_ms",
        "must be at least base_ms",
        "fallback_matrix",
        with_change(MATRIX, lambda raw: raw["rows"][0]["retries"].update(max_ms=99)),
    ),
    ParserRule(
        "Models are printable text",
        PRINTS,
        r"/rows/\d+/(model|then/\d+)",
        "must be one line of printable text",
        "fallback_matrix",
        with_change(MATRIX, lambda raw: raw["rows"][0].update(model="a\u00adb")),
    ),
    ParserRule(
        "Ids of thresholds differ",
        ONE_FIELD,
        r"/thresholds/\d+/id",
        r'".+" is already used at ',
        "quality_thresholds",
        with_change(THRESHOLDS, lambda raw: raw["thresholds"][1].update(id="errors")),
    ),
)
