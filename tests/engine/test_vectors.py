"""The golden vectors of tests/vectors, which another language could run as well."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from policies.engine import (
    Bundle,
    Decision,
    DocumentError,
    canonical_bytes,
    decide,
    digest,
    full_chain,
    load_json,
    parse_bundle,
    parse_catalogue,
    parse_component,
    parse_request,
)
from policies.engine.chain import backoff_ms
from policies.engine.fallback import Retries
from policies.engine.routing import Candidate, parse_route
from policies.engine.splitting import bucket, by_history, by_split
from tests.benchmarks.agreement.answers import (
    decision_as_json,
    requirements_of,
    step_as_json,
)

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
Case = dict[str, Any]


def vectors(name: str) -> Case:
    loaded: Case = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    return loaded


def cases(name: str, section: str = "cases") -> pytest.MarkDecorator:
    entries = vectors(name)[section]
    return pytest.mark.parametrize("case", entries, ids=lambda case: case.get("name", ""))


def read(kind: str, document: object) -> object:
    whole = {"bundle": parse_bundle, "catalogue": parse_catalogue, "request": parse_request}
    return whole[kind](document) if kind in whole else parse_component(kind, document)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return parse_bundle(vectors("bundle.json"))


@cases("canonical.json", "texts")
def test_canonical_form__json_text__is_the_published_one(case: Case) -> None:
    value = load_json(case["text"])
    assert canonical_bytes(value).decode() == case["canonical"]
    assert digest(value) == case["digest"]


@cases("canonical.json", "numbers")
def test_canonical_number__double__is_the_published_one(case: Case) -> None:
    (double,) = struct.unpack(">d", bytes.fromhex(case["ieee754"]))
    assert canonical_bytes(double).decode() == case["canonical"]


@pytest.mark.parametrize("ieee754", vectors("canonical.json")["refused_numbers"])
def test_canonical_number__not_finite__is_refused(ieee754: str) -> None:
    (double,) = struct.unpack(">d", bytes.fromhex(ieee754))
    with pytest.raises(DocumentError) as refused:
        canonical_bytes({"deep": [double]})
    assert [problem.pointer for problem in refused.value.problems] == ["/deep/0"]


@cases("canonical.json", "refused_texts")
def test_json_text__not_strict_json__is_refused_with_pointers(case: Case) -> None:
    with pytest.raises(DocumentError) as refused:
        load_json(case["text"])
    pointers = sorted(problem.pointer for problem in refused.value.problems)
    assert pointers == sorted(case["pointers"])


@cases("problems.json")
def test_document__wrong__is_refused_with_every_problem(case: Case) -> None:
    with pytest.raises(DocumentError) as refused:
        read(case["kind"], case["document"])
    found = {problem.pointer: problem.message for problem in refused.value.problems}
    assert sorted(p.pointer for p in refused.value.problems) == sorted(
        expected["pointer"] for expected in case["problems"]
    )
    for expected in case["problems"]:
        assert expected["says"] in found[expected["pointer"]]


@cases("decisions.json")
def test_decision__request__is_the_expected_one(case: Case, bundle: Bundle) -> None:
    decision = decision_as_json(decide(bundle, parse_request(case["request"])))
    found = {name: decision[name] for name in case["expect"]}
    assert found == case["expect"]


@pytest.fixture(scope="module")
def edges() -> Bundle:
    return parse_bundle(vectors("edges_bundle.json"))


@cases("edges.json", "decisions")
def test_decision__at_an_edge__is_the_expected_one(case: Case, edges: Bundle) -> None:
    test_decision__request__is_the_expected_one(case, edges)


@cases("edges.json", "chains")
def test_chain__at_an_edge__goes_on_as_expected(case: Case, edges: Bundle) -> None:
    test_chain__attempts_so_far__goes_on_as_expected(case, edges)


@cases("splits.json", "buckets")
def test_bucket__salt_and_key__is_the_expected_one(case: Case) -> None:
    assert bucket(case["salt"], case["key"]) == case["bucket"]


@cases("splits.json", "orders")
def test_split__salt_and_key__orders_the_candidates(case: Case) -> None:
    candidates = [Candidate(model, weight) for model, weight in case["candidates"]]
    ordered = by_split(candidates, case["salt"], case["key"])
    assert [candidate.model for candidate in ordered] == case["order"]


@cases("splits.json", "histories")
def test_split__with_earlier_weights__is_held_by_the_expected_models(case: Case) -> None:
    *earlier, present = case["weights"]
    route = parse_route(
        {
            "select": "weighted",
            "salt": case["salt"],
            "candidates": [{"model": model, "weight": given} for model, given in present.items()],
            "earlier_weights": earlier,
        }
    )
    dealt = route.dealt(case["key"])
    assert list(dealt.holders) == case["holders"]
    ordered = by_history(route.candidates, dealt)
    assert [candidate.model for candidate in ordered] == case["order"]


@cases("splits.json", "waits")
def test_full_jitter__request_and_number__waits_the_expected_time(case: Case) -> None:
    retries = Retries(count=9, base_ms=case["bound_ms"], max_ms=case["bound_ms"])
    assert backoff_ms(retries, 1, case["request_id"], case["number"]) == case["wait_ms"]


@cases("chains.json")
def test_chain__attempts_so_far__goes_on_as_expected(case: Case, bundle: Bundle) -> None:
    decision = Decision(
        class_key=case["class"],
        class_rule=None,
        class_source="default",
        policy_rule="default",
        model=case["model"],
        requirements=requirements_of(case.get("requirements", {})),
    )
    request_id, runtime = case.get("request_id", ""), case.get("runtime", {})
    found = step_as_json(bundle, decision, case["attempts"], request_id, runtime)
    assert found == case["expect"]


@cases("chains.json", "displays")
def test_full_chain__one_failure_kind__lists_the_targets(case: Case, bundle: Bundle) -> None:
    wanted = requirements_of(case.get("requirements", {}))
    targets = full_chain(bundle, case["class"], case["model"], case["failure_kind"], wanted)
    assert list(targets) == case["targets"]
