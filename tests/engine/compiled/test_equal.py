"""The compiled form of a bundle decides exactly as the reference does."""

import json
import math
import sys
import threading
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine import (
    Bundle,
    EngineError,
    Request,
    compile_bundle,
    decide,
    parse_bundle,
    parse_request,
    text,
)
from tests.benchmarks.agreement.making import random_bundle, random_request
from tests.engine.strategies import bundles, requests
from tests.engine.test_vectors import VECTORS

CASES = json.loads((VECTORS / "decisions.json").read_text(encoding="utf-8"))["cases"]


@given(bundles(), st.lists(requests(), min_size=1, max_size=8))
def test_compiled__any_request__decides_as_the_reference(
    bundle: Bundle, asked: list[Request]
) -> None:
    compiled = compile_bundle(bundle)
    for request in asked:
        assert compiled.decide(request) == decide(bundle, request)


@pytest.fixture(scope="module")
def vectors() -> Bundle:
    return parse_bundle(json.loads((VECTORS / "bundle.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_compiled__golden_vectors__decides_as_the_reference(
    case: dict[str, Any], vectors: Bundle
) -> None:
    request = parse_request(case["request"])
    assert compile_bundle(vectors).decide(request) == decide(vectors, request)


@pytest.mark.parametrize("seed", range(40))
def test_compiled__random_bundle_and_requests__decides_as_the_reference(seed: int) -> None:
    rng = Random(seed)
    bundle = parse_bundle(random_bundle(rng))
    compiled = compile_bundle(bundle)
    for _ in range(60):
        request = parse_request(random_request(rng))
        assert compiled.decide(request) == decide(bundle, request)


ODD: list[Any] = [None, True, False, 0, 1, -0.0, 1.0, 2**53 + 1, -(2**53) - 1, 10**400]
ODD += [math.nan, math.inf, -math.inf, "", "chat", "\ud800", [], ["chat"], ("eu", 7), ["eu", None]]
ODD += [{"a": 1}, b"x", 1j]


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_compiled__a_value_of_any_type__counts_as_for_the_reference(
    value: Any, vectors: Bundle
) -> None:
    compiled = compile_bundle(vectors)
    for name in vectors.request_classification.declared:
        for size in (None, value):
            request = Request(attributes={name: value}, input_tokens=size, max_output_tokens=5)
            assert compiled.decide(request) == decide(vectors, request)


def test_compile__a_pattern_where_re2_is_missing__is_refused(
    vectors: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "_RE2", None)
    with pytest.raises(EngineError, match="needs RE2"):
        compile_bundle(vectors)


def test_compiled__asked_by_many_threads__gives_each_its_own_decision() -> None:
    rng = Random(3)
    bundle = parse_bundle(random_bundle(rng))
    compiled = compile_bundle(bundle)
    asked = [parse_request(random_request(rng)) for _ in range(200)]
    wrong: list[Request] = []

    def work() -> None:
        wrong.extend(one for one in asked if compiled.decide(one) != decide(bundle, one))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
