"""Imported configurations in LiteLLM's own Router: it calls whom the documents call, or told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.engine import (
    Attempt,
    Bundle,
    NextAttempt,
    Request,
    compose,
    decide,
    next_attempt,
    parse_bundle,
)
from policies.interop import Fidelity, Imported, read
from tests.client.litellm.fake_provider import FakeProvider
from tests.client.litellm.process import Process

pytestmark = pytest.mark.slow
GROUPS = ("a", "b", "c", "d", "e", "f", "g")
# What the provider answers, by the kind of failure that LiteLLM then takes it for.
KINDS = {
    "server_error": "server_error",
    "content_policy": "refused_content",
    "context_window": "context_window",
}
SETTINGS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "list": {"fallbacks": [{"a": ["b", "c"]}, {"b": ["d"]}]},
    "list of an alias": {"model_group_alias": {"x": "a"}, "fallbacks": [{"x": ["b"]}]},
    "list of an alias's group": {"model_group_alias": {"x": "a"}, "fallbacks": [{"a": ["b"]}]},
    "alias as a target": {"model_group_alias": {"x": "b"}, "fallbacks": [{"a": ["x", "c"]}]},
    "alias called like a group": {"model_group_alias": {"a": "b"}, "fallbacks": [{"a": ["c"]}]},
    "list of six": {"fallbacks": [{"a": ["b", "c", "d", "e", "f", "g"]}]},
    "list of six, one deep": {"fallbacks": [{"a": list("bcdefg")}], "max_fallbacks": 1},
    "no fallbacks": {"fallbacks": [{"a": ["b"]}], "max_fallbacks": 0},
    "lists after a full context": {
        "fallbacks": [{"b": ["c"]}],
        "context_window_fallbacks": [{"a": ["b"]}],
    },
    "two lists": {"fallbacks": [{"a": ["b"]}, {"a": ["c"]}]},
    "list for all": {"fallbacks": [{"*": ["b"]}, {"c": ["d"]}]},
    "two lists for all": {"fallbacks": [{"*": ["b"]}], "default_fallbacks": ["c"]},
    "nobody": {"fallbacks": [{"a": ["nobody", "b"]}]},
    "list of nobody": {"fallbacks": [{"a": ["nobody", "b"]}, {"nobody": ["c"]}]},
    "parameters": {"fallbacks": [{"a": [{"model": "b", "max_tokens": 5}]}]},
    "full context": {"fallbacks": [{"a": ["b"]}], "context_window_fallbacks": [{"a": ["c"]}]},
    "refused content": {"fallbacks": [{"a": ["b"]}], "content_policy_fallbacks": [{"c": ["d"]}]},
}


def _config(url: str, settings: dict[str, Any]) -> dict[str, Any]:
    models = [
        {
            "model_name": group,
            "litellm_params": {"model": f"openai/m-{group}", "api_base": url, "api_key": "k"},
        }
        for group in GROUPS
    ]
    told = {"num_retries": 0, "disable_cooldowns": True, **settings}
    return {"model_list": models, "router_settings": told}


def _chain(bundle: Bundle, name: str, kind: str) -> list[str]:
    """Whom the documents call where every call fails so."""
    decision = decide(bundle, Request({"requested_model": name}))
    attempts: list[Attempt] = []
    while isinstance(found := next_attempt(bundle, decision, attempts), NextAttempt):
        attempts.append(Attempt(found.model, kind))
    return [attempt.model.removeprefix("openai/m-") for attempt in attempts]


def _tells(imported: Imported, name: str) -> bool:
    return any(
        loss.fidelity is Fidelity.APPROXIMATED and f"“{name}”" in loss.sentence
        for loss in imported.losses
        if loss.place != "/model_list"  # which says whose the default route is
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("which", SETTINGS)
def test_imported_configuration__goes_where_litellms_router_goes_or_says_that_it_does_not(
    litellm_process: Process, provider: FakeProvider, which: str, kind: str
) -> None:
    config = _config(provider.url, SETTINGS[which])
    imported = read(json.dumps(config), "litellm")
    bundle = parse_bundle(compose(imported.documents, imported.catalogue))
    names = [*GROUPS, *SETTINGS[which].get("model_group_alias", {})]
    for name in dict.fromkeys(names):
        provider.forget()
        for group in GROUPS:
            provider.order(f"m-{group}", KINDS[kind])
        litellm_process.ask("route", url=provider.url, config=config, names=[name])
        called = [model.removeprefix("m-") for model in provider.called]
        assert called == _chain(bundle, name, kind) or _tells(imported, name)
