"""A trace agrees with the decision it explains, whatever the bundle and the request."""

import json

from hypothesis import given

from policies.engine import FAILURE_KINDS, Bundle, Request, decide, explain, full_chain
from policies.engine.request import resolve
from policies.engine.trace import FAILED, MATCHED, NOT_TRIED, RuleTrace, Trace
from tests.engine.strategies import bundles, requests


@given(bundles(), requests())
def test_explain__any_request__tells_the_decision_of_decide(
    bundle: Bundle, request: Request
) -> None:
    assert explain(bundle, request).decision == decide(bundle, request)


@given(bundles(), requests())
def test_explain__rules__at_most_one_matched_and_it_is_the_one_that_decided(
    bundle: Bundle, request: Request
) -> None:
    trace = explain(bundle, request)
    decision = trace.decision
    assert _matched(trace.class_rules) == decision.class_rule
    assert (_matched(trace.policy_rules) or "default") == decision.policy_rule
    written = bundle.request_classification.rules
    assert [rule.id for rule in trace.class_rules] == [rule.id for rule in written]
    assert [rule.id for rule in trace.policy_rules] == [
        rule.id for rule in bundle.router_policy.rules
    ]


def _matched(rules: tuple[RuleTrace, ...]) -> str | None:
    """The rule that matched; those before it failed, those after were not tried."""
    outcomes = [rule.outcome for rule in rules]
    if MATCHED not in outcomes:
        assert outcomes in ([FAILED] * len(rules), [NOT_TRIED] * len(rules))
        return None
    place = outcomes.index(MATCHED)
    assert outcomes[:place] == [FAILED] * place
    assert outcomes[place + 1 :] == [NOT_TRIED] * (len(rules) - place - 1)
    return rules[place].id


@given(bundles(), requests())
def test_explain__each_rule_tried__shows_tests_that_add_up_to_its_outcome(
    bundle: Bundle, request: Request
) -> None:
    trace = explain(bundle, request)
    for rule in (*trace.class_rules, *trace.policy_rules):
        if rule.outcome == NOT_TRIED:
            assert not rule.boxes
            continue
        assert any(box.holds for box in rule.boxes) == (rule.outcome == MATCHED)
        assert all(box.holds == all(test.holds for test in box.tests) for box in rule.boxes)


@given(bundles(), requests())
def test_explain__candidates__are_in_order_or_excluded_first_for_the_reason_told(
    bundle: Bundle, request: Request
) -> None:
    trace = explain(bundle, request)
    decision = trace.decision
    entries = [entry for route in trace.routes for entry in route.candidates]
    assert all((entry.place is None) == bool(entry.reasons) for entry in entries)
    assert [entry.reasons[0] for entry in entries if entry.reasons] == list(decision.excluded)
    kept = sorted(
        (entry.place, entry.model) for entry in trace.routes[-1].candidates if entry.place
    )
    assert [model for _, model in kept] == list(decision.candidates)
    assert trace.routes[-1].bucket == decision.bucket


@given(bundles(), requests())
def test_explain__attributes__are_what_conditions_saw(bundle: Bundle, request: Request) -> None:
    trace = explain(bundle, request)
    seen = {entry.name: entry.value for entry in trace.attributes if entry.value is not None}
    assert seen == resolve(bundle.request_classification, request)
    for entry in trace.attributes:
        # Of a set that is given, something may be left out.
        given_in_part = entry.standing == "given" and isinstance(entry.value, tuple)
        if not given_in_part:
            assert bool(entry.trouble) == (entry.standing in ("unusable", "undeclared"))
        assert (entry.value is None) == (entry.standing not in ("given", "derived"))


@given(bundles(), requests())
def test_explain__provided_class__is_used_where_decide_used_it(
    bundle: Bundle, request: Request
) -> None:
    trace = explain(bundle, request)
    assert (trace.provided is None) == (bundle.request_classification.provided is None)
    if trace.provided:
        used = trace.decision.class_source == "provided"
        assert (trace.provided.standing == "used") == used


@given(bundles(), requests())
def test_explain__each_failure_kind__follows_the_chain_as_far_as_its_limits_let(
    bundle: Bundle, request: Request
) -> None:
    trace = explain(bundle, request)
    decision = trace.decision
    if decision.model is None:
        assert trace.failures == ()
        return
    assert [failure.kind for failure in trace.failures] == list(FAILURE_KINDS)
    for failure in trace.failures:
        models = [hop.model for hop in failure.hops]
        planned = full_chain(
            bundle, decision.class_key, decision.model, failure.kind, decision.requirements
        )
        assert models[0] == decision.model
        assert {*models[1:], *failure.unreached} == set(planned)
        tries = sum(hop.tries for hop in failure.hops)
        assert tries <= bundle.fallback_matrix.limits.max_attempts
        assert all(len(hop.waits_ms) == hop.tries - 1 for hop in failure.hops)
    assert len(_kind(trace, "bad_request")) == 1


def _kind(trace: Trace, kind: str) -> tuple[object, ...]:
    return next(failure.hops for failure in trace.failures if failure.kind == kind)


@given(bundles(), requests())
def test_explain__as_json__can_be_written_and_read_back(bundle: Bundle, request: Request) -> None:
    said = explain(bundle, request).to_json()
    assert json.loads(json.dumps(said)) == said
