"""LiteLLM's names: of groups, which callers ask for, and of models, which the catalogue has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.engine import Bundle, Request, compose, decide, full_chain, parse_bundle
from policies.interop import Fidelity, Imported, read

KNOWN = {
    "gpt-4o": "openai",
    "gpt-4o-mini": "openai",
    "claude-3-5-sonnet": "anthropic",
    "azure/gpt-4o": "azure",
    "swift": "x-acme",
}


def deployment(group: str, model: str, **parameters: Any) -> dict[str, Any]:
    return {"model_name": group, "litellm_params": {"model": model, **parameters}}


def imported(
    *deployments: dict[str, Any], known: dict[str, str] = KNOWN, **router: Any
) -> Imported:
    config = {"model_list": deployments, "router_settings": router}
    return read(json.dumps(config), "litellm", known)


def made(found: Imported) -> Bundle:
    return parse_bundle(compose(found.documents, found.catalogue))


def asked(found: Imported, *names: str) -> list[str | None]:
    bundle = made(found)
    return [decide(bundle, Request({"requested_model": name})).model for name in names]


def after(found: Imported, model: str, kind: str = "server_error") -> tuple[str, ...]:
    return full_chain(made(found), "general", model, kind)


def told(found: Imported, fidelity: Fidelity) -> dict[str, str]:
    return {loss.place: loss.sentence for loss in found.losses if loss.fidelity is fidelity}


def test_group__called_like_another_model__goes_to_the_model_of_its_deployment() -> None:
    found = imported(
        deployment("gpt-4o", "anthropic/claude-3-5-sonnet"), deployment("chat", "openai/gpt-4o")
    )
    assert asked(found, "gpt-4o", "chat") == ["claude-3-5-sonnet", "gpt-4o"]
    assert set(found.catalogue["models"]) == {"claude-3-5-sonnet", "gpt-4o"}
    assert not any(
        "goes to gpt-4o" in loss.sentence and "“gpt-4o”" in loss.sentence for loss in found.losses
    )


def test_model__that_the_catalogue_has_of_another_provider__is_told_as_approximated() -> None:
    found = imported(deployment("chat", "claude-3-5-sonnet"))
    assert asked(found, "chat") == ["claude-3-5-sonnet"]
    assert "which anthropic runs" in told(found, Fidelity.APPROXIMATED)["/model_list/0"]


def test_model__that_the_catalogue_lacks__has_litellms_name_and_never_the_groups() -> None:
    found = imported(deployment("gpt-4o", "groq/llama-3"), deployment("b", "openai/gpt-4o"))
    assert asked(found, "gpt-4o") == ["groq/llama-3"]


def test_model__at_an_address_named_for_its_provider__is_that_providers() -> None:
    found = imported(
        deployment("a", "openai/swift", api_base="os.environ/X_ACME_API_BASE"),
        deployment("b", "openai/swift", api_base="https://elsewhere.example"),
    )
    assert asked(found, "a", "b") == ["swift", "openai/swift"]


def test_deployments__of_one_model_at_several_addresses__are_models_of_their_own() -> None:
    found = imported(
        deployment("gpt", "azure/prod", api_base="https://eu"),
        deployment("gpt", "azure/prod", api_base="https://us"),
        deployment("gpt-eu", "azure/prod", api_base="https://eu"),
        known={},
    )
    candidates = found.documents["router_policy"]["rules"][0]["route"]["candidates"]
    assert [candidate["model"] for candidate in candidates] == ["azure/prod", "azure/prod #2"]
    assert asked(found, "gpt-eu") == ["azure/prod"]


def test_deployments__of_one_model_of_the_catalogue__are_that_model_and_the_report_says_so() -> (
    None
):
    found = imported(
        deployment("gpt", "azure/gpt-4o", api_base="https://eu"),
        deployment("gpt", "azure/gpt-4o", api_base="https://us"),
        deployment("gpt-eu", "azure/gpt-4o", api_base="https://eu"),
    )
    assert asked(found, "gpt", "gpt-eu") == ["azure/gpt-4o"] * 2
    assert "is one model of the catalogue" in told(found, Fidelity.APPROXIMATED)["/model_list/1"]


def test_deployments__that_differ_in_their_keys__are_one_model() -> None:
    found = imported(
        deployment("gpt", "openai/gpt-4o", api_key="a", weight=1),
        deployment("gpt", "openai/gpt-4o", api_key="b", weight=2),
        deployment("gpt", "openai/gpt-4o-mini", weight=1),
    )
    candidates = found.documents["router_policy"]["default"]["candidates"]
    assert {entry["model"]: entry["weight"] for entry in candidates} == {
        "gpt-4o": 3,
        "gpt-4o-mini": 1,
    }
    assert "Calls what /model_list/0 calls" in told(found, Fidelity.CALLER)["/model_list/1"]


@pytest.mark.parametrize(
    ("parameters", "router", "fidelity", "place", "sentence"),
    [
        (
            {"rpm": "os.environ/RPM"},
            {},
            Fidelity.CALLER,
            "/model_list/0/litellm_params/rpm",
            "here",
        ),
        (
            {},
            {"num_retries": "os.environ/RETRIES"},
            Fidelity.CALLER,
            "/router_settings/num_retries",
            "environment",
        ),
        (
            {},
            {"fallbacks": [{"a": ["groq/llama"]}]},
            Fidelity.DROPPED,
            "/router_settings/fallbacks/0/a/0",
            "served by a wildcard",
        ),
        (
            {},
            {"fallbacks": [{"a": ["nobody", "b"]}]},
            Fidelity.DROPPED,
            "/router_settings/fallbacks/0/a/0",
            "calls nobody",
        ),
        (
            {},
            {"fallbacks": [{"nobody": ["b"]}]},
            Fidelity.DROPPED,
            "/router_settings/fallbacks/0/nobody",
            "No model group",
        ),
        (
            {},
            {"model_group_alias": {"x": "nobody"}},
            Fidelity.DROPPED,
            "/router_settings/model_group_alias/x",
            "calls nobody",
        ),
        (
            {},
            {"fallbacks": [{"a": [{"model": "b", "max_tokens": 5}]}]},
            Fidelity.CALLER,
            "/router_settings/fallbacks/0/a/0/max_tokens",
            "caller's to send",
        ),
    ],
)
def test_what_litellm_takes__is_read_and_the_rest_is_told(
    parameters: dict[str, Any],
    router: dict[str, Any],
    fidelity: Fidelity,
    place: str,
    sentence: str,
) -> None:
    found = imported(
        deployment("a", "openai/gpt-4o", **parameters),
        deployment("b", "openai/gpt-4o-mini"),
        deployment("groq/*", "groq/*"),
        **router,
    )
    assert sentence in told(found, fidelity)[place]
    assert asked(found, "a", "b") == ["gpt-4o", "gpt-4o-mini"]


def test_fallback_with_parameters__leads_to_its_model() -> None:
    found = imported(
        deployment("a", "openai/gpt-4o"),
        deployment("b", "openai/gpt-4o-mini"),
        fallbacks=[{"a": ["nobody", {"model": "b", "max_tokens": 5}]}],
    )
    assert after(found, "gpt-4o") == ("gpt-4o-mini",)


def test_alias__with_another_list_than_its_group__is_told_as_approximated() -> None:
    found = imported(
        deployment("a", "openai/gpt-4o"),
        deployment("b", "openai/gpt-4o-mini"),
        model_group_alias={"x": "a"},
        fallbacks=[{"x": ["b"]}],
    )
    assert asked(found, "x", "a") == ["gpt-4o"] * 2
    assert "serves “a” and “x”" in told(found, Fidelity.APPROXIMATED)["/fallback_matrix/rows"]


def test_second_list__of_one_name__is_told_as_dropped() -> None:
    found = imported(
        deployment("a", "openai/gpt-4o"),
        deployment("b", "openai/gpt-4o-mini"),
        fallbacks=[{"a": ["b"]}, {"a": ["a"]}],
    )
    assert after(found, "gpt-4o") == ("gpt-4o-mini",)
    assert "first list" in told(found, Fidelity.DROPPED)["/router_settings/fallbacks/1/a"]


def test_facts__that_no_catalogue_has__are_told_as_dropped() -> None:
    facts = {"mode": "chat", "max_input_tokens": "128k", "supports_vision": True}
    found = imported({**deployment("a", "openai/gpt-4o"), "model_info": facts})
    dropped = told(found, Fidelity.DROPPED)
    assert "no such fact" in dropped["/model_list/0/model_info/mode"]
    assert "no number" in dropped["/model_list/0/model_info/max_input_tokens"]
    assert "/model_list/0/model_info/supports_vision" not in dropped


def test_settings__that_are_not_told__are_litellms_own_or_named() -> None:
    found = imported(deployment("a", "openai/gpt-4o"))
    [row] = found.documents["fallback_matrix"]["rows"]
    assert row["retries"]["count"] == 2
    said = [loss.sentence for loss in found.losses if loss.place == "/router_settings/num_retries"]
    assert "tries 2 times again" in said[0]
    assert "no breaker here" in told(found, Fidelity.DROPPED)["/router_settings/cooldown_time"]


@pytest.mark.parametrize(
    ("first", "second", "shares"),
    [
        ({}, {"weight": 5}, [0, 5]),
        ({"rpm": 9}, {"rpm": 1, "weight": 2}, [0, 2]),
        ({"weight": 0, "rpm": 9}, {"weight": 0, "rpm": 1}, [9, 1]),
        ({"weight": None, "tpm": 3}, {"tpm": 1}, [3, 1]),
        ({"weight": "os.environ/W"}, {"weight": 5}, [1, 1]),
        ({"weight": 0}, {}, [1, 1]),
    ],
)
def test_group__is_shuffled_by_what_any_of_its_deployments_has_above_0(
    first: dict[str, Any], second: dict[str, Any], shares: list[float]
) -> None:
    found = imported(
        deployment("g", "openai/gpt-4o", **first), deployment("g", "openai/gpt-4o-mini", **second)
    )
    candidates = found.documents["router_policy"]["default"]["candidates"]
    assert [candidate["weight"] for candidate in candidates] == shares


def test_setting__that_litellm_reads_in_router_settings_alone__is_not_taken_elsewhere() -> None:
    config = {
        "model_list": [deployment("a", "openai/gpt-4o"), deployment("b", "openai/gpt-4o-mini")],
        "litellm_settings": {"model_group_alias": {"x": "b"}, "cooldown_time": 9},
    }
    found = read(json.dumps(config), "litellm", KNOWN)
    assert [rule["id"] for rule in found.documents["router_policy"]["rules"]] == ["a", "b"]
    assert found.documents["fallback_matrix"]["limits"]["breaker"] is None
    dropped = told(found, Fidelity.DROPPED)
    assert "in router_settings alone" in dropped["/litellm_settings/model_group_alias"]
    assert "in router_settings alone" in dropped["/litellm_settings/cooldown_time"]


def test_list__of_a_name_that_only_looks_like_one_with_its_provider__is_not_that_names() -> None:
    deployments = [deployment("prod/a", "openai/gpt-4o"), deployment("a", "openai/gpt-4o-mini")]
    found = imported(*deployments, fallbacks=[{"a": ["prod/a"]}])
    assert after(found, "gpt-4o") == ()
    assert any("here it is not taken" in loss.sentence for loss in found.losses)
    deployments[0]["model_name"] = "groq/a"
    found = imported(*deployments, fallbacks=[{"a": ["a"]}])
    assert after(found, "gpt-4o") == ("gpt-4o-mini",)
    assert any("here it is taken" in loss.sentence for loss in found.losses)


def test_bad_request_and_targets_of_two_names__are_told() -> None:
    found = imported(
        deployment("a", "openai/gpt-4o"),
        deployment("b", "openai/gpt-4o-mini"),
        model_group_alias={"x": "b"},
        fallbacks=[{"a": ["b", "x"]}],
    )
    said = [loss.sentence for loss in found.losses if loss.fidelity is Fidelity.APPROXIMATED]
    assert any("After a bad request LiteLLM goes on" in one for one in said)
    assert any("LiteLLM calls it again as “x”" in one for one in said)


def test_group_whose_cheapest_serves__is_not_told_as_a_split() -> None:
    pair = deployment("g", "openai/gpt-4o"), deployment("g", "openai/gpt-4o-mini")
    found = imported(*pair, routing_strategy="cost-based-routing")
    assert found.documents["router_policy"]["default"]["select"] == "cheapest"
    assert "by its own prices" in told(found, Fidelity.APPROXIMATED)["/model_list/0"]
    assert not any("split" in loss.sentence for loss in found.losses)


def test_group_of_very_many__is_read_and_its_chain_ends_after_the_most_attempts() -> None:
    many = [deployment("g", "azure/prod", api_base=f"https://{at}") for at in range(500)]
    found = imported(*many, known={})
    matrix = found.documents["fallback_matrix"]
    assert matrix["limits"]["max_attempts"] == 100
    assert max(len(row["then"]) for row in matrix["rows"]) == 100
    place = "/fallback_matrix/limits/max_attempts"
    assert "after 100 attempts" in told(found, Fidelity.APPROXIMATED)[place]


def test_names__that_no_rule_can_have__are_numbered_past_those_that_are_rules() -> None:
    names = ["route-2", "???", "default", "a b", "a-b"]
    found = imported(*[deployment(name, f"openai/{name}") for name in names], known={})
    ids = [rule["id"] for rule in found.documents["router_policy"]["rules"]]
    assert ids == ["route-2", "route-3", "route-4", "a-b", "route-5"]
    assert asked(found, *names) == [f"openai/{name}" for name in names]
