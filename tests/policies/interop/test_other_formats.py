"""The traps of Portkey, Envoy AI Gateway and OpenRouter, each told or kept clear of."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from policies.engine import Bundle, Request, compose, decide, full_chain, parse_bundle
from policies.files.yaml_text import load_yaml
from policies.interop import Exported, Fidelity, Imported, export, read
from tests.policies.interop.bundles import KINDS, bundle_of

LIMITS = {"deadline_ms": "chain.", "max_attempts": "are.", "breaker": "alone."}
DEFAULT = {"select": "ordered", "candidates": [{"model": "m-0"}]}


def rule(key: str, when: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": key,
        "when": when,
        "route": {"select": "ordered", "candidates": [{"model": "m-1"}]},
    }


def bundle(imported: Imported) -> Bundle:
    return parse_bundle(compose(imported.documents, imported.catalogue))


def sentences(found: Exported | Imported, fidelity: Fidelity) -> str:
    return " ".join(loss.sentence for loss in found.losses if loss.fidelity is fidelity)


def test_portkey__condition_on_a_missing_value__is_asked_of_the_caller() -> None:
    # Portkey's $nin holds of what is not there; ours does not.
    rules = [
        rule("others", {"task": {"not_in": ["chat"]}}),
        rule("code", {"task": {"in": ["code"]}}),
    ]
    exported = export(bundle_of(rules, DEFAULT, []), "portkey")
    conditions = json.loads(exported.text)["strategy"]["conditions"]
    assert conditions[0]["query"] == {"metadata.route": {"$eq": "others"}}
    assert conditions[1]["query"] == {"metadata.task": {"$in": ["code"]}}
    assert "Send the metadata route “others”" in sentences(exported, Fidelity.CALLER)


def test_portkey__each_limit_of_a_chain__is_told_by_what_it_would_do() -> None:
    exported = export(bundle_of([], DEFAULT, []), "portkey")
    told = {loss.place: loss.sentence for loss in exported.losses}
    assert {key: told[f"/fallback_matrix/limits/{key}"].split()[-1] for key in LIMITS} == LIMITS


def test_portkey__key_of_three_segments__is_read_as_portkey_reads_it() -> None:
    config = {
        "strategy": {
            "mode": "conditional",
            "conditions": [{"query": {"metadata.plan.tier": {"$eq": "gold"}}, "then": "big"}],
            "default": "small",
        },
        "targets": [
            {"name": "big", "provider": "@openai", "override_params": {"model": "gpt-4o"}},
            {
                "name": "small",
                "strategy": {"mode": "fallback"},
                "targets": [
                    {"provider": "@openai", "override_params": {"model": "gpt-4o-mini"}},
                    {"provider": "@mistral", "override_params": {"model": "mistral-small"}},
                ],
            },
        ],
    }
    imported = read(json.dumps(config), "portkey")
    made = bundle(imported)
    assert decide(made, Request({"plan": "gold"})).model == "gpt-4o"
    assert decide(made, Request({"plan": "free"})).model == "gpt-4o-mini"
    assert full_chain(made, "general", "gpt-4o-mini", "timeout") == ("mistral-small",)
    assert "two segments" in sentences(imported, Fidelity.APPROXIMATED)


def test_portkey__condition_that_cannot_be_said__leaves_its_rule_out_and_says_so() -> None:
    config = {
        "strategy": {
            "mode": "conditional",
            "conditions": [{"query": {"metadata.user": {"$regex": "^a"}}, "then": "t"}],
            "default": "t",
        },
        "targets": [{"name": "t", "provider": "@a", "override_params": {"model": "m"}}],
    }
    imported = read(json.dumps(config), "portkey")
    assert imported.documents["router_policy"]["rules"] == []
    assert "no counterpart" in sentences(imported, Fidelity.DROPPED)


def test_envoy__more_rules_than_a_route_holds__are_several_routes() -> None:
    rules = [rule(f"r-{number}", {"task": {"in": ["code"]}}) for number in range(20)]
    exported = export(bundle_of(rules, DEFAULT, []), "envoy")
    assert exported.text.count("kind: AIGatewayRoute") == 2
    assert "holds 15 rules" in sentences(exported, Fidelity.APPROXIMATED)
    assert len(read(exported.text, "envoy").documents["router_policy"]["rules"]) == 20


def test_envoy__retries__are_a_policy_of_the_route_that_is_made() -> None:
    retries = {"count": 2, "base_ms": 50, "max_ms": 900}
    rows: list[dict[str, Any]] = [
        {"model": "m-0", "on": ["rate_limit", "network"], "retries": retries, "then": ["m-1"]},
        {"model": "m-1", "on": ["overloaded", "content_policy"], "then": ["m-2"]},
    ]
    exported = export(bundle_of([], DEFAULT, rows), "envoy")
    route: Any
    policy: Any
    route, policy = (load_yaml(part).value for part in exported.text.split("---\n"))
    [target] = policy["spec"]["targetRefs"]
    assert (target["kind"], target["name"]) == ("HTTPRoute", route["metadata"]["name"])
    assert [rule["timeouts"] for rule in route["spec"]["rules"]] == [{"request": "30s"}]
    assert policy["spec"]["retry"] == {
        "numAttemptsPerPriority": 3,
        "numRetries": 3,
        "perRetry": {"backOff": {"baseInterval": "50ms", "maxInterval": "900ms"}},
        "retryOn": {
            "triggers": ["connect-failure", "reset", "retriable-status-codes"],
            "httpStatusCodes": [429, 503, 529],
        },
    }
    told = {(loss.place, loss.fidelity) for loss in exported.losses}
    assert ("/fallback_matrix/limits/deadline_ms", Fidelity.APPROXIMATED) in told
    assert ("/fallback_matrix/limits/breaker", Fidelity.DROPPED) in told
    assert any("tells content_policy from" in loss.sentence for loss in exported.losses)


def test_envoy__matrix_without_rows__retries_nothing() -> None:
    exported = export(bundle_of([], DEFAULT, []), "envoy")
    assert "retry:" not in exported.text


def test_envoy__error_in_the_second_resource__has_its_line() -> None:
    text = "kind: Service\n---\nkind: AIGatewayRoute\nspec:\n  rules:\n    - backendRefs: [{}]\n"
    try:
        read(text, "envoy")
    except Exception as error:
        assert "line 6" in str(error)
    else:
        raise AssertionError("a backend without a name was taken")


def test_envoy__priorities__are_fallbacks_and_weights_are_shares() -> None:
    text = """\
kind: AIGatewayRoute
spec:
  rules:
    - matches: [{headers: [{name: x-ai-eg-model, value: chat}, {name: x-tenant, value: gold}]}]
      backendRefs:
        - {name: openai, modelNameOverride: gpt-4o, weight: 9}
        - {name: azure, modelNameOverride: prod-4o, weight: 1}
        - {name: mistral, modelNameOverride: mistral-large, priority: 1}
    - backendRefs: [{name: openai, modelNameOverride: gpt-4o-mini}]
"""
    made = bundle(read(text, "envoy"))
    asked = {"requested_model": "chat", "x-tenant": "gold"}
    found = {decide(made, Request(asked, request_id=f"r-{n}")).model for n in range(100)}
    assert found == {"gpt-4o", "prod-4o"}
    assert decide(made, Request({"requested_model": "chat"})).model == "gpt-4o-mini"
    assert full_chain(made, "general", "gpt-4o", "timeout") == ("mistral-large",)


PRIORITIES = """\
kind: AIGatewayRoute
spec:
  rules:
    - backendRefs:
        - {name: openai, modelNameOverride: gpt-4o, weight: 0}
        - {name: azure, modelNameOverride: prod-4o, weight: 0}
        - {name: mistral, modelNameOverride: mistral-large, priority: 1, weight: 5}
        - {name: groq, modelNameOverride: llama, priority: 1, weight: 5}
"""
RETRIES = "---\nkind: BackendTrafficPolicy\nspec: {retry: {numRetries: 3}}\n"


def test_envoy__weights_that_are_not_kept__are_told() -> None:
    said = sentences(read(PRIORITIES, "envoy"), Fidelity.APPROXIMATED)
    assert "in order, not by their weights" in said
    assert "No part has a weight above 0" in said


@pytest.mark.parametrize(("policy", "is_told"), [("", True), (RETRIES, False)])
def test_envoy__priorities_without_a_policy_that_retries__are_told(
    policy: str, is_told: bool
) -> None:
    said = sentences(read(PRIORITIES + policy, "envoy"), Fidelity.APPROXIMATED)
    assert ("Without a BackendTrafficPolicy" in said) == is_told


def test_envoy__rule_that_tests_more_headers__goes_first_wherever_it_stands() -> None:
    text = """\
kind: AIGatewayRoute
spec:
  hostnames: [a.example]
  rules:
    - matches: [{headers: [{name: x-tenant, value: gold}]}]
      backendRefs: [{name: openai, modelNameOverride: gpt-4o, headerMutation: {}}]
    - matches: [{headers: [{name: x-ai-eg-model, value: chat}, {name: x-tenant, value: gold}]}]
      backendRefs: [{name: openai, modelNameOverride: gpt-4o-mini}]
    - matches: [{headers: [{name: requested_model, value: chat}]}]
      backendRefs: [{name: mistral, modelNameOverride: large}]
"""
    found = read(text, "envoy")
    asked = [{"requested_model": "chat", "x-tenant": "gold"}, {"x-tenant": "gold"}]
    asked += [{"requested_model_sent": "chat"}]
    models = [decide(bundle(found), Request(dict(one))).model for one in asked]
    assert models == ["gpt-4o-mini", "gpt-4o", "large"]
    dropped = {loss.place for loss in found.losses if loss.fidelity is Fidelity.DROPPED}
    assert {"/0/spec/hostnames", "/0/spec/rules/0/backendRefs/0/headerMutation"} <= dropped


def test_openrouter__chain_of_many_models__is_as_long_here() -> None:
    models = [f"a/m-{number}" for number in range(7)]
    found = read(json.dumps({"models": models}), "openrouter")
    assert found.documents["fallback_matrix"]["limits"]["max_attempts"] == len(models)


def test_openrouter__chain_beyond_three_models__is_told_as_dropped() -> None:
    rows = [{"model": "m-0", "on": ["timeout"], "then": ["m-1", "m-2", "m-3"]}]
    exported = export(bundle_of([], DEFAULT, rows), "openrouter")
    assert json.loads(exported.text)["models"] == ["borealis/m-0", "acme/m-1", "borealis/m-2"]
    assert "m-3 would be a fourth model" in sentences(exported, Fidelity.DROPPED)


def test_openrouter__preset__is_not_taken_for_a_model() -> None:
    request = {"model": "@preset/support", "models": ["openai/gpt-4o"], "temperature": 0.1}
    imported = read(json.dumps(request), "openrouter")
    assert list(imported.catalogue["models"]) == ["openai/gpt-4o"]
    assert "always means its latest version" in sentences(imported, Fidelity.DROPPED)
    assert "caller's to send" in sentences(imported, Fidelity.CALLER)


NAMED: dict[str, str] = {
    "litellm": json.dumps(
        {
            "model_list": [
                {"model_name": name, "litellm_params": {"model": f"openai/{name}"}} for name in "ab"
            ]
        }
    ),
    "envoy": """\
kind: AIGatewayRoute
spec:
  rules:
    - matches: [{headers: [{name: x-ai-eg-model, value: a}]}]
      backendRefs: [{name: openai, modelNameOverride: gpt-4o}]
    - backendRefs: [{name: openai, modelNameOverride: gpt-4o-mini}]
""",
    "openrouter": json.dumps({"a": {"models": ["x/y", "x/z"]}, "b": {"model": "x/z"}}),
}


@pytest.mark.parametrize("key", NAMED)
def test_import__of_several_names__asks_the_caller_for_the_name(key: str) -> None:
    said = sentences(read(NAMED[key], key), Fidelity.CALLER)
    assert "Send what the caller asks for as the attribute requested_model" in said


def test_openrouter__fallbacks__are_not_exact() -> None:
    said = sentences(read(NAMED["openrouter"], "openrouter"), Fidelity.APPROXIMATED)
    assert "after any error" in said


def test_envoy__policy_that_retries__is_told_as_not_read() -> None:
    said = sentences(read(PRIORITIES + RETRIES, "envoy"), Fidelity.DROPPED)
    assert "how often, is not read" in said


@pytest.mark.parametrize("price", [0.1, 0.4, 0.15, 2.5, 0.075, 0.035])
def test_litellm__price_of_a_million_tokens__is_written_as_the_same_price_of_one(
    price: float,
) -> None:
    catalogue = {
        "providers": {"acme": {"label": "Acme"}},
        "models": {"m-0": {"provider": "acme", "input_usd_per_mtok": price}},
    }
    rows: list[dict[str, Any]] = [{"model": "m-0", "on": ["timeout"], "retries": {"count": 1}}]
    text = export(bundle_of([], DEFAULT, rows, catalogue), "litellm").text
    config: Any = load_yaml(text).value
    told = config["model_list"][0]["model_info"]["input_cost_per_token"]
    assert Fraction(repr(told)) == Fraction(repr(price)) / 1_000_000


def test_export__with_one_retry__says_once() -> None:
    rows: list[dict[str, Any]] = [{"model": "m-0", "on": KINDS, "retries": {"count": 1}}]
    said = sentences(export(bundle_of([], DEFAULT, rows), "litellm"), Fidelity.APPROXIMATED)
    assert "m-0 is tried again once at most" in said


def test_envoy__match__tests_the_first_header_of_a_name_and_tells_what_it_does_not_test() -> None:
    headers = [{"name": "x-team", "value": "red"}, {"name": "X-Team", "value": "blue"}]
    match = {"headers": headers, "queryParams": []}
    rule = {"matches": [match], "backendRefs": [{"name": "b"}]}
    imported = read(
        json.dumps({"kind": "AIGatewayRoute", "spec": {"rules": [rule, rule]}}), "envoy"
    )
    rules = imported.documents["router_policy"]["rules"]
    assert rules[0]["when"] == {"x-team": {"in": ["red"]}}
    said = sentences(imported, Fidelity.DROPPED)
    assert "the first alone counts" in said and "Headers alone are tested" in said
