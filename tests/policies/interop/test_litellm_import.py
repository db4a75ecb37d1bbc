"""A LiteLLM configuration as people have it, and what each of its parts becomes."""

from __future__ import annotations

from typing import Any

import pytest

from policies.engine import Bundle, Request, compose, decide, full_chain, parse_bundle
from policies.interop import Fidelity, Imported, read

CONFIG = """\
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: azure/prod-4o
      api_base: https://a.example
      rpm: 100
    model_info: {max_input_tokens: 128000, input_cost_per_token: 2.5e-06, supports_vision: true}
  - model_name: small
    litellm_params: {model: openai/gpt-4o-mini, weight: 3, temperature: 0.2}
  - model_name: small
    litellm_params: {model: mistral/mistral-small, weight: 1}
  - model_name: "anthropic/*"
    litellm_params: {model: "anthropic/*"}
litellm_settings:
  num_retries: 2
  callbacks: [langfuse]
router_settings:
  model_group_alias: {best: gpt-4o}
  fallbacks: [{small: [best]}]
  default_fallbacks: [small]
  cooldown_time: 30
  timeout: 30
general_settings: {master_key: os.environ/KEY}
"""


@pytest.fixture(scope="module")
def imported() -> Imported:
    return read(CONFIG, "litellm")


@pytest.fixture(scope="module")
def bundle(imported: Imported) -> Bundle:
    return parse_bundle(compose(imported.documents, imported.catalogue))


def asked(bundle: Bundle, name: str, request_id: str = "r-1") -> str | None:
    return decide(bundle, Request({"requested_model": name}, request_id=request_id)).model


def test_group_and_alias__go_to_the_groups_model(bundle: Bundle) -> None:
    assert [asked(bundle, name) for name in ("gpt-4o", "best")] == ["azure/prod-4o"] * 2


def test_group_of_two__is_split_by_its_weights(bundle: Bundle) -> None:
    found = [asked(bundle, "small", f"r-{number}") for number in range(400)]
    assert set(found) == {"openai/gpt-4o-mini", "mistral/mistral-small"}
    assert 0.65 < found.count("openai/gpt-4o-mini") / 400 < 0.85


def test_fallbacks__lead_to_siblings_first_and_then_to_the_group_that_is_named(
    bundle: Bundle,
) -> None:
    chain = full_chain(bundle, "general", "openai/gpt-4o-mini", "server_error")
    assert chain == ("mistral/mistral-small", "azure/prod-4o")
    # default_fallbacks hold where a group has no list of its own
    chain = full_chain(bundle, "general", "azure/prod-4o", "server_error")
    assert chain[0] == "openai/gpt-4o-mini"


def test_facts_of_models__become_what_the_catalogue_needs(imported: Imported) -> None:
    model = imported.catalogue["models"]["azure/prod-4o"]
    assert model["provider"] == "azure"
    assert model["context_window"] == 128_000
    assert model["input_usd_per_mtok"] == 2.5
    assert model["output_usd_per_mtok"] is None
    assert model["capabilities"] == ["vision"]


def told(imported: Imported) -> dict[str, Fidelity]:
    return {loss.place: loss.fidelity for loss in imported.losses}


def test_report__names_each_part_that_is_no_policy(imported: Imported) -> None:
    found = told(imported)
    assert found["/model_list/0/litellm_params/api_base"] == Fidelity.CALLER
    assert found["/model_list/0/litellm_params/rpm"] == Fidelity.DROPPED
    assert found["/model_list/1/litellm_params/temperature"] == Fidelity.CALLER
    assert found["/model_list/3"] == Fidelity.DROPPED
    assert found["/general_settings"] == Fidelity.DROPPED
    assert found["/router_settings/timeout"] == Fidelity.DROPPED
    assert found["/router_settings/cooldown_time"] == Fidelity.APPROXIMATED
    assert found["/litellm_settings/num_retries"] == Fidelity.APPROXIMATED


@pytest.mark.parametrize(
    ("old", "new", "pointer"),
    [
        ("best: gpt-4o", "best: [gpt-4o]", "/router_settings/model_group_alias/best"),
        ("small: [best]", "small: [[best]]", "/router_settings/fallbacks/0/small/0"),
        ("num_retries: 2", "num_retries: many", "/litellm_settings/num_retries"),
        ("weight: 3", "weight: -3", "/model_list/1/litellm_params/weight"),
        ("model: azure/prod-4o", "modell: x", "/model_list/0/litellm_params"),
    ],
)
def test_configuration__with_a_mistake__is_refused_at_its_place(
    old: str, new: str, pointer: str
) -> None:
    with pytest.raises(Exception, match="line") as refused:
        read(CONFIG.replace(old, new), "litellm")
    problems: Any = refused.value
    assert [problem.pointer for problem in problems.problems] == [pointer]


def test_retries__beyond_what_documents_may_say__are_told() -> None:
    imported = read(CONFIG.replace("num_retries: 2", "num_retries: 50"), "litellm")
    assert any(
        loss.fidelity is Fidelity.APPROXIMATED and loss.sentence.startswith("Here 20 retries")
        for loss in imported.losses
    )
