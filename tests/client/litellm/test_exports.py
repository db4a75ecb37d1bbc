"""Exported configurations in LiteLLM's own Router: it decides alike where the report says exact."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from policies.engine import Bundle, full_chain
from policies.files.yaml_text import load_yaml
from policies.interop import Exported, export
from policies.interop.lanes import Lane, lanes_of
from policies.interop.losses import Losses
from tests.client.litellm.fake_provider import FakeProvider
from tests.client.litellm.process import Process
from tests.policies.interop.bundles import KINDS, MODELS, bundle_of
from tests.policies.interop.test_round_trips import is_exact, place_of

pytestmark = pytest.mark.slow


def _route(select: str, *models: str, regions: tuple[str, ...] = ()) -> dict[str, Any]:
    candidates = [{"model": model, "weight": 1} for model in models]
    return {"select": select, "candidates": candidates, "constraints": {"regions": list(regions)}}


def _corpus() -> list[Bundle]:
    """Every selection with every restriction, and chains of each length."""
    found = []
    chains: tuple[list[str], ...] = ([], ["m-3"], ["m-3", "m-4"], ["m-4", "m-2", "m-3"])
    shapes = itertools.product(("ordered", "cheapest", "weighted"), ((), ("eu",), ("us",)))
    for number, (select, regions) in enumerate(shapes):
        rules = [
            {
                "id": "r-code",
                "when": {"task": {"in": ["code"]}},
                "route": _route(select, "m-1", "m-0", "m-2", regions=regions),
            },
            {
                "id": "m-2",
                "when": {"task": {"in": ["review"]}},
                "route": _route("ordered", "m-2"),
            },
        ]
        then = chains[number % len(chains)]
        rows = [
            {"model": model, "on": KINDS, "then": [t for t in then if t != model]}
            for model in MODELS[:3]
        ]
        found.append(bundle_of(rules, _route("ordered", "m-0"), rows))
    return found


def _lanes(bundle: Bundle, exported: Exported) -> list[Lane]:
    """Those that the report says arrive exactly."""
    lanes = lanes_of(bundle, Losses())
    return [lane for lane in lanes if is_exact(exported, place_of(bundle, lane.rule))]


def test_exported_configuration__in_litellms_router__goes_where_the_policy_says(
    litellm_process: Process, provider: FakeProvider
) -> None:
    compared = 0
    for bundle in _corpus():
        exported = export(bundle, "litellm")
        config = load_yaml(exported.text).value
        lanes = _lanes(bundle, exported)
        names = [lane.name for lane in lanes]
        answered = litellm_process.ask("route", url=provider.url, config=config, names=names)
        assert answered == [lane.shares[0].model for lane in lanes]
        compared += len(lanes)
    assert compared > 15


def test_exported_configuration__after_a_failure__goes_where_the_matrix_leads(
    litellm_process: Process, provider: FakeProvider
) -> None:
    for bundle in _corpus():
        exported = export(bundle, "litellm")
        config = load_yaml(exported.text).value
        for lane in _lanes(bundle, exported)[-1:]:
            provider.forget()
            model = lane.shares[0].model
            provider.order(model, "server_error")
            litellm_process.ask("route", url=provider.url, config=config, names=[lane.name])
            chain = full_chain(bundle, "general", model, "server_error")
            assert provider.called == [model, *chain[:1]]


@pytest.mark.parametrize(("max_attempts", "called"), [(1, 1), (3, 3), (9, 5)])
def test_exported_configuration__tries_as_many_models_as_a_chain_may_have(
    litellm_process: Process, provider: FakeProvider, max_attempts: int, called: int
) -> None:
    rows = [
        {"model": model, "on": KINDS, "then": [t for t in MODELS if t != model]} for model in MODELS
    ]
    limits = {"max_attempts": max_attempts}
    bundle = bundle_of([], _route("ordered", "m-0"), rows, limits=limits)
    exported = export(bundle, "litellm")
    for model in MODELS:
        provider.order(model, "server_error")
    config = load_yaml(exported.text).value
    litellm_process.ask("route", url=provider.url, config=config, names=["default"])
    chain = ["m-0", *full_chain(bundle, "general", "m-0", "server_error")]
    assert provider.called == chain[:called]
    told = any(loss.place.endswith("/max_attempts") for loss in exported.losses)
    assert told == (max_attempts < len(chain))
