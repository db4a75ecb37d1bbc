"""The confidence of a router's own classifier is a number from 0 to 1; nothing else is one."""

from dataclasses import replace
from typing import Any

import pytest

from policies.engine import Bundle, Request, check_request, decide, explain, parse_bundle, serialise
from policies.engine.analysis import analyse
from policies.engine.attributes import Attribute
from policies.engine.classification import ProvidedClass
from tests.engine.analysis.documents import bundle, named


def sure_from(least: float, *, declared: bool = False, **more: Any) -> Bundle:
    made = bundle(**more)
    attributes = made.request_classification.attributes
    return replace(
        made,
        request_classification=replace(
            made.request_classification,
            attributes=(*attributes, Attribute("conf", "number")) if declared else attributes,
            provided=ProvidedClass("cls", "conf", least),
        ),
    )


@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize(
    ("confidence", "source"),
    [(70, "default"), (1.0000000000000002, "default"), (-0.1, "default"), (0.69, "default"),
     (0.7, "provided"), (1, "provided")],
)  # fmt: skip
def test_provided__confidence_outside_0_to_1__counts_as_missing(
    confidence: float, source: str, declared: bool
) -> None:
    found = sure_from(0.7, declared=declared)
    request = Request({"cls": "hard", "conf": confidence})
    assert decide(found, request).class_source == source


def test_provided__least_confidence_0__takes_no_negative_one() -> None:
    assert decide(sure_from(0), Request({"cls": "hard", "conf": -1})).class_source == "default"


def test_check_request__percentage__is_told_with_what_would_be_right() -> None:
    found, request = sure_from(0.7), Request({"cls": "hard", "conf": 70})
    (problem,) = check_request(found, request)
    assert problem.pointer == "/attributes/conf"
    assert problem.message == "must be a number from 0 to 1, not 70"
    provided = explain(found, request).provided
    assert provided is not None
    assert provided.standing == "no_confidence"


def test_analysis__condition_that_only_a_percentage_meets__can_never_hold() -> None:
    found = sure_from(0.7, class_rules={"percent": ({}, "hard")})
    written: Any = serialise(found)
    written["request_classification"]["rules"][0]["when"] = {"conf": {"gte": 2}}
    assert "unsatisfiable:request_classification:percent" in named(analyse(parse_bundle(written)))
