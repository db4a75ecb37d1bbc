"""Every witness does what its finding says when it is run through ``decide``."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings

from policies.engine import (
    Attempt,
    Bundle,
    Decision,
    Request,
    Stop,
    check_request,
    decide,
    next_attempt,
    parse_request,
)
from policies.engine.analysis import ERROR, Finding, analyse, facts_of
from policies.engine.analysis.route_effects import effect_of
from policies.engine.fallback import ANSWERABLE
from tests.engine.analysis.small_bundles import small_bundles


def _in_policy(finding: Finding) -> bool:
    return finding.pointer.startswith("/router_policy/")


def _decider(finding: Finding, decision: Decision) -> str | None:
    return decision.policy_rule if _in_policy(finding) else decision.class_rule


def _holding(bundle: Bundle, finding: Finding, request: Request) -> frozenset[str]:
    facts = facts_of(bundle, request)
    return facts.policy_rules_that_hold if _in_policy(finding) else facts.class_rules_that_hold


def _outcome(bundle: Bundle, finding: Finding, rule_id: str | None) -> object:
    """What a rule says: a class, or what its route does."""
    if not _in_policy(finding):
        rules = bundle.request_classification.rules
        return next(rule.class_key for rule in rules if rule.id == rule_id)
    routes = dict(bundle.router_policy.routes())
    return effect_of(bundle.catalogue, routes[str(rule_id)], bundle.router_policy.default)


def _is_shadowed(bundle: Bundle, finding: Finding, request: Request) -> None:
    rule, decision = finding.rules[0], decide(bundle, request)
    assert rule in _holding(bundle, finding, request)
    assert _decider(finding, decision) != rule
    if finding.severity == ERROR and _in_policy(finding):
        answer = _outcome(bundle, finding, decision.policy_rule)
        assert answer != _outcome(bundle, finding, rule)
    elif finding.severity == ERROR:
        assert decision.class_key != _outcome(bundle, finding, rule)


def _is_overlap(bundle: Bundle, finding: Finding, request: Request) -> None:
    winner, loser = finding.rules
    assert {winner, loser} <= _holding(bundle, finding, request)
    assert _decider(finding, decide(bundle, request)) == winner
    assert _outcome(bundle, finding, winner) != _outcome(bundle, finding, loser)


def _is_redundant(bundle: Bundle, finding: Finding, request: Request) -> None:
    decision = decide(bundle, request)
    assert _decider(finding, decision) == finding.rules[0]
    assert _said(decide(_without(bundle, finding), request)) == _said(decision)


def _without(bundle: Bundle, finding: Finding) -> Bundle:
    classification, policy, gone = (
        bundle.request_classification,
        bundle.router_policy,
        finding.rules[0],
    )
    if _in_policy(finding):
        kept = tuple(rule for rule in policy.rules if rule.id != gone)
        return replace(bundle, router_policy=replace(policy, rules=kept))
    rules = tuple(rule for rule in classification.rules if rule.id != gone)
    return replace(bundle, request_classification=replace(classification, rules=rules))


def _said(decision: Decision) -> tuple[object, ...]:
    return decision.class_key, decision.model, decision.candidates


def _is_gap(bundle: Bundle, finding: Finding, request: Request) -> None:
    decision = decide(bundle, request)
    if _in_policy(finding):
        assert decision.policy_rule == "default"
    else:
        assert decision.class_source == "default"


def _is_of_unruled_class(bundle: Bundle, finding: Finding, request: Request) -> None:
    decision = decide(bundle, request)
    assert decision.class_key == finding.name.partition(":")[2]
    assert decision.policy_rule == "default"


def _starts_the_chain(bundle: Bundle, finding: Finding, request: Request) -> None:
    assert finding.region is not None
    decision = decide(bundle, request)
    assert decision.policy_rule == finding.rules[0]
    assert (decision.model,) == finding.region.models


def _fails_without_an_answer(bundle: Bundle, finding: Finding, request: Request) -> None:
    _starts_the_chain(bundle, finding, request)
    decision = decide(bundle, request)
    ends = [
        next_attempt(bundle, decision, [Attempt(str(decision.model), kind)])
        for kind in ANSWERABLE
        if kind in finding.sentence or "in any way" in finding.sentence
    ]
    limits = ("no_fallback", "max_attempts")
    assert any(isinstance(end, Stop) and end.reason in limits for end in ends)


CHECKS: dict[str, Callable[[Bundle, Finding, Request], None]] = {
    "shadowed": _is_shadowed,
    "conflict": _is_overlap,
    "exception": _is_overlap,
    "redundant": _is_redundant,
    "gap": _is_gap,
    "class_without_rule": _is_of_unruled_class,
    "fallback_breaks_regions": _starts_the_chain,
    "fallback_breaks_capabilities": _starts_the_chain,
    "fallback_breaks_context": _starts_the_chain,
    "fallback_skipped": _starts_the_chain,
    "fallback_without_effect": _starts_the_chain,
    "fake_redundancy": _starts_the_chain,
    "dearer_fallback": _starts_the_chain,
    "weaker_fallback": _starts_the_chain,
    "fallback_missing": _fails_without_an_answer,
}
# Of all requests there may be, these have one for certain.
ALWAYS = {"shadowed", "conflict", "exception", "redundant", "gap", "class_without_rule"}


@given(bundle=small_bundles())
@settings(max_examples=300)
def test_witness__any_small_bundle__shows_what_the_finding_says(bundle: Bundle) -> None:
    for finding in analyse(bundle).findings:
        assert finding.witness is not None or finding.kind not in ALWAYS
        if finding.witness is not None:
            CHECKS[finding.kind](bundle, finding, parse_request(finding.witness))


@given(bundle=small_bundles())
@settings(max_examples=200)
def test_witness__any_small_bundle__uses_declared_values_and_lies_in_the_region(
    bundle: Bundle,
) -> None:
    for finding in analyse(bundle).findings:
        if finding.witness is None:
            continue
        request = parse_request(finding.witness)
        assert check_request(bundle, request) == []
        assert finding.region is not None
        assert finding.region.contains(bundle, request)
