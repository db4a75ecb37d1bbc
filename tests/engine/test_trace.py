"""A trace names what a person asks about: which test failed, what was excluded, what comes next."""

from typing import Any

from policies.engine import Request, Trace, explain, parse_bundle
from policies.engine.trace import FailureTrace, RuleTrace

RULES = [
    {"id": "long", "when": {"tokens": {"gte": 2000}, "task": {"in": ["code"]}}, "class": "hard"},
    {
        "id": "urgent",
        "when": {"any_of": [{"urgent": True}, {"tokens": {"lt": 5}}]},
        "class": "hard",
    },
    {"id": "code", "when": {"task": {"in": ["code"]}}, "class": "easy"},
    {"id": "late", "when": {}, "class": "hard"},
]
FAILURES = {"model": "*", "on": ["timeout"], "retries": {"count": 1, "base_ms": 100}}


def _bundle(**route: Any) -> dict[str, Any]:
    models = {
        name: {"provider": "acme", "regions": regions, "context_window": 1000}
        for name, regions in (("small", ["eu"]), ("large", ["us"]), ("old", ["us"]), ("spare", []))
    }
    models["old"]["status"] = "retired"
    candidates = [{"model": name} for name in ("old", "small", "large")]
    return {
        "schema": 1,
        "request_classification": {
            "schema": 1,
            "attributes": [
                {"name": "task", "type": "category", "values": ["code", "chat"]},
                {"name": "tokens", "type": "number", "unit": "tokens"},
                {"name": "urgent", "type": "flag", "derived_from": {"keywords": ["asap"]}},
            ],
            "classes": [{"key": "easy", "risk": "low"}, {"key": "hard", "risk": "low"}],
            "rules": RULES,
            "default_class": "easy",
            "provided": {
                "attribute": "guess",
                "confidence_attribute": "confidence",
                "min_confidence": 0.8,
            },
        },
        "router_policy": {
            "schema": 1,
            "rules": [],
            "default": {"select": "ordered", "candidates": candidates, **route},
        },
        "fallback_matrix": {
            "schema": 1,
            "rows": [{**FAILURES, "then": ["large", "spare"]}],
            "limits": {"max_attempts": 3, "preserve": {"regions": False}},
        },
        "quality_thresholds": {"schema": 1, "thresholds": []},
        "catalogue": {"providers": {"acme": {}}, "models": models},
    }


def _explain(request: Request, **route: Any) -> Trace:
    return explain(parse_bundle(_bundle(**route)), request)


def _rule(trace: Trace, rule_id: str) -> RuleTrace:
    return next(rule for rule in trace.class_rules if rule.id == rule_id)


def _failure(trace: Trace, kind: str) -> FailureTrace:
    return next(failure for failure in trace.failures if failure.kind == kind)


def test_rule_that_failed__names_the_test_and_the_value_it_met() -> None:
    trace = _explain(Request({"task": "code", "tokens": 12}))
    tests = {test.attribute: test for test in _rule(trace, "long").boxes[0].tests}
    assert tests["task"].holds and not tests["tokens"].holds
    assert tests["tokens"].actual == 12
    assert [rule.outcome for rule in trace.class_rules] == [
        "failed",
        "failed",
        "matched",
        "not_tried",
    ]


def test_rule_with_alternatives__shows_which_one_holds() -> None:
    boxes = _rule(_explain(Request({"tokens": 2})), "urgent").boxes
    assert [box.holds for box in boxes] == [False, True]
    assert boxes[0].tests[0].actual is None


def test_attributes__given_derived_missing_unusable_and_undeclared__are_told_apart() -> None:
    request = Request({"tokens": "many", "extra": 1, "urgent": False}, prompt="Answer ASAP")
    standings = {entry.name: entry.standing for entry in _explain(request).attributes}
    assert standings == {
        "guess": "missing",
        "confidence": "missing",
        "task": "missing",
        "tokens": "unusable",
        "urgent": "derived",
        "extra": "undeclared",
    }


def test_provided_class__below_its_confidence__is_not_used_and_says_so() -> None:
    offers: list[dict[str, Any]] = [
        {"guess": "hard", "confidence": 0.9},
        {"guess": "hard", "confidence": 0.7},
        {"guess": "hard"},
        {},
    ]
    traces = [_explain(Request(offer)).provided for offer in offers]
    standings = [provided.standing for provided in traces if provided]
    assert standings == ["used", "low_confidence", "no_confidence", "absent"]


def test_candidate__excluded__gives_every_reason_not_only_the_first() -> None:
    request = Request(input_tokens=900, max_output_tokens=200)
    limits = {"regions": ["eu"], "fits_context": True}
    route = _explain(request, constraints=limits).routes[0]
    reasons = {entry.model: [out.reason for out in entry.reasons] for entry in route.candidates}
    assert reasons == {
        "old": ["retired", "region", "context"],
        "small": ["context"],
        "large": ["region", "context"],
    }


def test_failure__is_followed_until_a_limit_ends_the_chain() -> None:
    failure = _failure(_explain(Request(request_id="r1")), "timeout")
    assert [(hop.model, hop.tries) for hop in failure.hops] == [("small", 2), ("large", 1)]
    assert (failure.end.reason, failure.unreached) == ("max_attempts", ("spare",))
    assert 0 <= failure.hops[0].waits_ms[0] <= 100


def test_bad_request__ends_at_once() -> None:
    failure = _failure(_explain(Request()), "bad_request")
    assert [hop.model for hop in failure.hops] == ["small"]
    assert failure.end.reason == "not_retryable"


def test_nothing_to_choose__has_no_chain_and_keeps_the_reasons() -> None:
    trace = _explain(Request(), candidates=[{"model": "old"}])
    assert trace.decision.model is None
    assert trace.failures == ()
    assert trace.routes[0].candidates[0].reasons[0].reason == "retired"
