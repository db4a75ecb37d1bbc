"""A request is told what of it will not be used, with a pointer for each."""

import math
from dataclasses import replace

import pytest

from policies.engine import Bundle, Request, check_request, parse_bundle
from policies.engine.attributes import Attribute
from policies.engine.request import Given
from tests.engine.test_vectors import vectors


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return parse_bundle(vectors("bundle.json"))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("tsk", "chat", 'did you mean "task"'),
        ("a/b", 1, "unknown attribute"),
        ("task", "chatt", 'did you mean "chat"'),
        ("task", 5, "must be text, not a number"),
        ("prompt_tokens", "5", "must be a finite number, not text"),
        ("prompt_tokens", math.nan, "must be a finite number"),
        ("prompt_tokens", True, "must be a finite number, not true"),
        ("vip", 1, "must be true or false, not a number"),
        ("predicted_class", "odd", "must be one of"),
        ("confidence", "high", "must be a finite number"),
        ("groups", "beta", "must be a list of texts, not text"),
        ("groups", ["beta", 1], "must be a list of texts"),
        ("groups", ["beta", "custommers"], 'did you mean "customers"?); "custommers" is left out'),
        ("task", ["chat"], "must be text, not a list"),
    ],
)
def test_check_request__unusable_value__is_reported_in_place(
    bundle: Bundle, name: str, value: Given, says: str
) -> None:
    (problem,) = check_request(bundle, Request({name: value}))
    assert problem.pointer == "/attributes/" + name.replace("/", "~1")
    assert says in problem.message


def test_check_request__sound_request__reports_nothing(bundle: Bundle) -> None:
    attributes: dict[str, Given] = {
        "task": "chat",
        "prompt_tokens": 5,
        "vip": None,
        "conversation_id": "any",
        "confidence": 0.5,
        "groups": ["beta", "eu"],
    }
    assert check_request(bundle, Request(attributes)) == []


class Counted(str):
    """Text that counts how often it is compared."""

    __slots__ = ()
    times = 0

    def __eq__(self, other: object) -> bool:
        Counted.times += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_check_request__a_set_of_many_texts__is_looked_up_and_not_searched(
    bundle: Bundle,
) -> None:
    classification = replace(bundle.request_classification, attributes=(Attribute("tags", "set"),))
    open_set = replace(bundle, request_classification=classification)
    texts = [Counted(number) for number in range(1000)]
    Counted.times = 0
    assert check_request(open_set, Request({"tags": texts})) == []
    assert Counted.times < 10 * len(texts)
