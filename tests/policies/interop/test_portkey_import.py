"""A Portkey config as people have it: what follows what, how often, and what of it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.engine import (
    Attempt,
    Bundle,
    DocumentError,
    NextAttempt,
    Request,
    compose,
    decide,
    full_chain,
    next_attempt,
    parse_bundle,
)
from policies.interop import Fidelity, Imported, read


def target(model: str, provider: str = "openai", **more: Any) -> dict[str, Any]:
    return {"provider": f"@{provider}", "override_params": {"model": model}, **more}


def split(*targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"strategy": {"mode": "loadbalance"}, "targets": list(targets), **more}


def chain(*targets: dict[str, Any], **strategy: Any) -> dict[str, Any]:
    return {"strategy": {"mode": "fallback", **strategy}, "targets": list(targets)}


def conditional(query: dict[str, Any], *targets: dict[str, Any]) -> dict[str, Any]:
    conditions = [{"query": query, "then": "first"}]
    strategy = {"mode": "conditional", "conditions": conditions, "default": "last"}
    return {"strategy": strategy, "targets": list(targets)}


def imported(config: dict[str, Any]) -> Imported:
    return read(json.dumps(config), "portkey")


def made(found: Imported) -> Bundle:
    return parse_bundle(compose(found.documents, found.catalogue))


def told(found: Imported, fidelity: Fidelity, place: str) -> str:
    losses = [loss for loss in found.losses if loss.fidelity is fidelity and loss.place == place]
    return " ".join(loss.sentence for loss in losses)


def weights(found: Imported) -> dict[str, float]:
    candidates = found.documents["router_policy"]["default"]["candidates"]
    return {entry["model"]: entry["weight"] for entry in candidates}


def test_fallback_with_retries__reaches_its_last_target() -> None:
    found = imported({**chain(target("a"), target("b"), target("c")), "retry": {"attempts": 5}})
    bundle = made(found)
    decision = decide(bundle, Request({}, request_id="r-1"))
    called: list[str] = []
    model: str | None = decision.model
    while model is not None:
        called.append(model)
        attempts = [Attempt(one, "server_error") for one in called]
        answer = next_attempt(bundle, decision, attempts)
        model = answer.model if isinstance(answer, NextAttempt) else None
    assert called == ["a"] * 6 + ["b"] * 6 + ["c"] * 6
    assert "30 s" in told(found, Fidelity.APPROXIMATED, "/fallback_matrix/limits/deadline_ms")


def test_statuses_of_a_fallback__are_the_kinds_that_lead_on() -> None:
    found = imported(chain(target("a"), target("b"), on_status_codes=[429]))
    bundle = made(found)
    assert full_chain(bundle, "general", "a", "rate_limit") == ("b",)
    assert full_chain(bundle, "general", "a", "auth") == ()
    assert full_chain(bundle, "general", "a", "content_policy") == ()
    place = "/strategy/on_status_codes"
    assert "rate_limit, quota_exhausted" in told(found, Fidelity.APPROXIMATED, place)


def test_split_before_a_fallback__stays_a_split_with_its_shares() -> None:
    first = split(target("a", weight=0.7), target("b", "azure", weight=0.3))
    found = imported(chain(first, target("c")))
    assert weights(found) == {"a": 0.7, "b": 0.3}
    assert full_chain(made(found), "general", "a", "timeout") == ("c",)
    assert full_chain(made(found), "general", "b", "timeout") == ("c",)


def test_split_after_a_failure__is_tried_in_order_and_the_report_says_so() -> None:
    found = imported(chain(target("a"), split(target("b"), target("c"))))
    assert full_chain(made(found), "general", "a", "timeout") == ("b", "c")
    assert "not by its shares" in told(found, Fidelity.APPROXIMATED, "/targets/1")


def test_split_in_a_split__has_its_share_of_its_weight() -> None:
    inner = split(target("a", weight=9), target("b", weight=1), weight=1)
    assert weights(imported(split(inner, target("c", weight=1)))) == {"a": 0.9, "b": 0.1, "c": 1}


def test_shares_of_one_model__are_summed() -> None:
    found = imported(
        split(target("a", weight=0.25), target("a", weight=0.5), target("b", weight=0.25))
    )
    assert weights(found) == {"a": 0.75, "b": 0.25}


def test_split_without_a_weight_above_0__is_split_evenly_and_the_report_says_so() -> None:
    found = imported(split(target("a", weight=0), target("b", weight=0)))
    assert weights(found) == {"a": 1, "b": 1}
    assert "No part has a weight" in told(found, Fidelity.APPROXIMATED, "")


@pytest.mark.parametrize(
    ("config", "fidelity", "place"),
    [
        (
            chain(target("a", retry={"on_status_codes": [429]}), target("b")),
            Fidelity.DROPPED,
            "/targets/0/retry/on_status_codes",
        ),
        (chain(target("a", cache={}), target("b")), Fidelity.DROPPED, "/targets/0/cache"),
        (
            chain(target("a", input_guardrails=["g"]), target("b")),
            Fidelity.DROPPED,
            "/targets/0/input_guardrails",
        ),
        (
            chain(target("a"), target("b", request_timeout=5)),
            Fidelity.DROPPED,
            "/targets/1/request_timeout",
        ),
        (chain(target("a", api_key="k"), target("b")), Fidelity.CALLER, "/targets/0/api_key"),
        (chain(target("a"), {"config_id": "pc-1"}), Fidelity.DROPPED, "/targets/1/config_id"),
        (chain(target("a"), {"provider": "openai"}), Fidelity.DROPPED, "/targets/1"),
        ({**target("a"), "request_timeout": 5}, Fidelity.DROPPED, "/request_timeout"),
        (
            {**chain(target("a"), target("b", retry={"attempts": 2}))},
            Fidelity.APPROXIMATED,
            "",
        ),
    ],
)
def test_part__that_is_not_carried_out__is_named_with_its_place(
    config: dict[str, Any], fidelity: Fidelity, place: str
) -> None:
    found = imported(config)
    assert told(found, fidelity, place)
    assert decide(made(found), Request({})).model == "a"


def test_metadata__is_asked_of_the_caller_by_the_name_of_its_attribute() -> None:
    targets = (target("a", name="first"), target("b", name="last"))
    found = imported(conditional({"metadata.class": {"$eq": "gold"}}, *targets))
    place = "/strategy/conditions/0/query/metadata.class"
    assert (
        told(found, Fidelity.CALLER, place)
        == "Send the metadata class as the attribute class_sent."
    )
    assert decide(made(found), Request({"class_sent": "gold"})).model == "a"


def test_two_conditions_on_one_value__leave_the_rule_out_and_the_report_says_so() -> None:
    targets = (target("a", name="first"), target("b", name="last"))
    found = imported(conditional({"metadata.user.x": "1", "metadata.user.y": "2"}, *targets))
    assert found.documents["router_policy"]["rules"] == []
    place = "/strategy/conditions/0/query/metadata.user.y"
    assert "second condition on user" in told(found, Fidelity.DROPPED, place)


def candidates(found: Imported) -> list[str]:
    default = found.documents["router_policy"]["default"]
    return [candidate["model"] for candidate in default["candidates"]]


@pytest.mark.parametrize("mode", ["fallback", "loadbalance"])
@pytest.mark.parametrize("at", [0, 1])
def test_target_beside_one_that_is_left_out__is_not_called_exact(mode: str, at: int) -> None:
    targets = [target("a")]
    targets.insert(at, {"provider": "@openai"})
    found = imported({"strategy": {"mode": mode}, "targets": targets})
    assert candidates(found) == ["a"]
    assert not any(loss.fidelity is Fidelity.EXACT for loss in found.losses)


def test_lone_part_of_a_split__without_a_weight_above_0__is_not_called_exact() -> None:
    found = imported(split(target("a", weight=0)))
    assert candidates(found) == ["a"]
    assert not any(loss.fidelity is Fidelity.EXACT for loss in found.losses)


def test_single_mode__takes_its_first_target_alone() -> None:
    single = {"strategy": {"mode": "single"}, "targets": [target("a"), target("b")]}
    found = imported(single)
    assert candidates(found) == ["a"] and set(found.catalogue["models"]) == {"a"}
    assert told(found, Fidelity.DROPPED, "/targets/1")
    with pytest.raises(DocumentError, match="names a model"):
        imported({**single, "targets": [{"provider": "@openai"}, target("b")]})


def test_model_of_what_a_target_is_in__is_the_targets_unless_it_has_its_own() -> None:
    inner = split({"provider": "@openai"}, {"provider": "@azure"}, target("own"))
    found = imported({**chain(inner), "override_params": {"model": "gpt", "seed": 1}})
    assert candidates(found) == ["gpt", "azure/gpt", "own"]
    assert told(found, Fidelity.CALLER, "/override_params/seed")


def test_condition__leads_to_the_first_target_of_its_name() -> None:
    targets = [target("a", name="first"), target("b", name="last"), target("c", name="first")]
    found = imported(conditional({"metadata.plan": "gold"}, *targets))
    assert decide(made(found), Request({"plan": "gold"})).model == "a"


def test_metadata__whose_names_look_alike__are_attributes_of_their_own() -> None:
    targets = (target("a", name="first"), target("b", name="last"))
    config = conditional({"metadata.user tier": "x"}, *targets)
    second = {"query": {"metadata.user-tier": "x"}, "then": "last"}
    config["strategy"]["conditions"].append(second)
    found = imported(config)
    sent = "Send the metadata user-tier as the attribute "
    place = "/strategy/conditions/1/query/metadata.user-tier"
    name = told(found, Fidelity.CALLER, place).removeprefix(sent).rstrip(".")
    assert decide(made(found), Request({"user-tier": "x"})).model == "a"
    assert decide(made(found), Request({name: "x"})).policy_rule == "route-2"


def test_failures__that_lead_on_there_alone__are_told() -> None:
    found = imported(chain(target("a"), target("b")))
    assert "After a bad request" in told(found, Fidelity.APPROXIMATED, "/strategy")
    inner = chain(target("a"), target("b"), on_status_codes=[500])
    found = imported(chain(inner, target("c"), on_status_codes=[429]))
    assert "of the outer one" in told(found, Fidelity.APPROXIMATED, "/targets/0")


def test_fallback__to_the_same_model_by_another_key__is_told() -> None:
    found = imported(chain(target("a"), target("b"), target("a")))
    assert told(found, Fidelity.APPROXIMATED, "/targets/2").startswith("Portkey tries a again")
