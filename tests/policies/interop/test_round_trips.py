"""Out and in again: where both reports say exact, requests are decided as before."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.engine import (
    Bundle,
    DocumentError,
    Request,
    compose,
    decide,
    full_chain,
    parse_bundle,
)
from policies.engine.fallback import ANSWERABLE
from policies.interop import FORMATS, Exported, Fidelity, export, read
from policies.interop.lanes import lanes_of
from policies.interop.losses import Losses
from tests.policies.interop.bundles import CATALOGUE, TASKS, bundle_of, bundles

requests = st.sampled_from([None, *TASKS])


def is_exact(exported: Exported, place: str) -> bool:
    """Whether all that the report says of a route is that it arrives."""
    said = [
        loss.fidelity
        for loss in exported.losses
        if loss.place.startswith(f"{place}/") or loss.place == place
    ]
    routed = [loss for loss in said if loss is not Fidelity.CALLER]
    return bool(routed) and all(fidelity is Fidelity.EXACT for fidelity in routed)


def place_of(bundle: Bundle, rule: str) -> str:
    ids = [found.id for found in bundle.router_policy.rules]
    if rule == "default":
        return "/router_policy/default"
    return f"/router_policy/rules/{ids.index(rule)}/route"


@pytest.mark.parametrize("format_key", FORMATS)
@settings(max_examples=40)
@given(bundle=bundles(), task=requests)
def test_export_and_import__where_a_route_is_exact__decides_as_before(
    format_key: str, bundle: Bundle, task: str | None
) -> None:
    decision = decide(bundle, Request({"task": task}, request_id="r-1"))
    exported = export(bundle, format_key)
    if decision.model is None or not is_exact(exported, place_of(bundle, decision.policy_rule)):
        return
    imported = read(exported.text, format_key)
    again = parse_bundle(compose(imported.documents, imported.catalogue))
    name = next(x.name for x in lanes_of(bundle, Losses()) if x.rule == decision.policy_rule)
    # What the report asks of the caller: the lane's name, or the attributes that rules test.
    asked = Request({"task": task, "requested_model": name, "route": name}, request_id="r-1")
    found = decide(again, asked).model or ""
    assert found.rpartition("/")[2] == decision.model


@settings(max_examples=80)
@given(bundle=bundles(ANSWERABLE))
def test_litellm__out_and_in__goes_on_alike_or_says_that_it_does_not(bundle: Bundle) -> None:
    exported = export(bundle, "litellm")
    known = {name: model["provider"] for name, model in CATALOGUE["models"].items()}
    imported = read(exported.text, "litellm", known)
    again = parse_bundle(compose(imported.documents, imported.catalogue))
    told = [loss.sentence for loss in (*exported.losses, *imported.losses)]
    for lane in lanes_of(bundle, Losses()):
        asked = Request({"requested_model": lane.name})
        models = {share.model for share in lane.shares}
        assert decide(again, asked).model in models
        for model in models:
            before = full_chain(bundle, "general", model, "server_error")
            found = full_chain(again, "general", model, "server_error")
            said = any(f"{model} serves" in one or f"“{lane.name}” has one" in one for one in told)
            assert found[:1] == before[:1] or said


@pytest.mark.parametrize("format_key", FORMATS)
@settings(max_examples=40)
@given(bundle=bundles())
def test_export__of_any_bundle__says_something_of_each_route(
    format_key: str, bundle: Bundle
) -> None:
    exported = export(bundle, format_key)
    for rule, _ in bundle.router_policy.routes():
        place = place_of(bundle, rule).removesuffix("/route")
        assert any(loss.place.startswith(place) for loss in exported.losses)
    if exported.format.file_name.endswith(".json"):
        json.loads(exported.text)


@pytest.mark.parametrize("format_key", FORMATS)
@settings(max_examples=15)
@given(bundle=bundles())
def test_export__of_the_same_bundle__is_the_same_text(format_key: str, bundle: Bundle) -> None:
    assert export(bundle, format_key) == export(bundle, format_key)


def test_export__of_a_policy_without_a_model_that_may_serve__is_refused() -> None:
    nowhere = {"select": "ordered", "candidates": [{"model": "m-0"}]}
    bundle = bundle_of([], {**nowhere, "constraints": {"regions": ["mars"]}}, [])
    with pytest.raises(DocumentError, match="nothing to write"):
        export(bundle, "litellm")


PROVIDERS = {
    "gpt-4o": "openai",
    "openai/gpt-4.1": "openai",
    "azure/gpt-4o": "azure",
    "mistral-large": "mistral",
    "gemini-2": "google",
}


@pytest.mark.parametrize("first", PROVIDERS)
@pytest.mark.parametrize("format_key", FORMATS)
def test_export_and_import__with_the_catalogue__finds_its_models(
    format_key: str, first: str
) -> None:
    catalogue = {
        "providers": {provider: {"label": provider} for provider in PROVIDERS.values()},
        "models": {key: {"provider": provider} for key, provider in PROVIDERS.items()},
    }
    others = [key for key in PROVIDERS if key != first]
    rows = [{"model": first, "on": ["timeout", "server_error"], "then": others[:2]}]
    default = {"select": "ordered", "candidates": [{"model": first}]}
    exported = export(bundle_of([], default, rows, catalogue), format_key)
    imported = read(exported.text, format_key, PROVIDERS)
    assert set(imported.catalogue["models"]) <= set(PROVIDERS)
    candidates = imported.documents["router_policy"]["default"]["candidates"]
    assert [found["model"] for found in candidates] == [first]
    assert imported.documents["fallback_matrix"]["rows"][0]["then"] == others[:2]


def test_import__of_a_name_that_may_be_two_models__leaves_it_as_it_stands() -> None:
    known = {"azure/gpt-4o": "azure", "openai/gpt-4o": "openai"}
    imported = read(json.dumps({"model": "gpt-4o"}), "openrouter", known)
    assert list(imported.catalogue["models"]) == ["gpt-4o"]
    assert not any("of the catalogue" in loss.sentence for loss in imported.losses)
