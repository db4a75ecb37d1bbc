"""What differs in a policy is called differently in every format, and each time the same."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies.files.yaml_text import load_yaml
from policies.interop import Fidelity, export
from tests.policies.interop.bundles import TASKS, bundle_of

# RFC 1123, 2.1, as Kubernetes reads it.
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z")
VARIABLE = re.compile(r"os\.environ/([A-Z0-9_]+)_API_KEY\Z")

# Few characters, so that many keys are alike but for their punctuation.
keys = st.from_regex(r"[aA0_][aA0_.\-]{0,4}|[a_][a_.\-]{58,63}", fullmatch=True)


def export_of(providers: list[str], format: str) -> str:
    """A chain of models, one of each provider, as it is written."""
    catalogue = {
        "providers": {key: {"label": key} for key in providers},
        "models": {f"m-{at}": {"provider": key} for at, key in enumerate(providers)},
    }
    first, *others = catalogue["models"]
    rows = [{"model": first, "on": ["timeout"], "then": others}]
    route = {"select": "ordered", "candidates": [{"model": first}]}
    return export(bundle_of([], route, rows, catalogue), format).text


def backends(providers: list[str]) -> list[str]:
    value: Any = load_yaml(export_of(providers, "envoy").split("---\n")[0]).value
    [rule] = value["spec"]["rules"]
    return [backend["name"] for backend in rule["backendRefs"]]


def variables(providers: list[str]) -> list[str]:
    value: Any = load_yaml(export_of(providers, "litellm")).value
    keys = [entry["litellm_params"]["api_key"] for entry in value["model_list"]]
    return [match[1] for key in keys if (match := VARIABLE.match(key))]


@settings(max_examples=60)
@example(["open.ai", "open-ai", "open_ai", "OpenAI", "openai"])
@given(st.lists(keys, min_size=1, max_size=6, unique=True))
def test_envoy__providers_however_alike__have_backends_of_their_own(providers: list[str]) -> None:
    names = backends(providers)
    assert len(set(names)) == len(providers)
    assert all(map(LABEL.match, names)), names
    # Whatever else there is, a provider keeps its name; and no other is called so.
    assert [backends([provider]) for provider in providers] == [[name] for name in names]
    with_namesakes = list(dict.fromkeys([*providers, *names]))
    assert len(set(backends(with_namesakes[:16]))) == len(with_namesakes[:16])


@settings(max_examples=60)
@example(["open.ai", "open-ai", "open_ai", "OpenAI", "openai"])
@given(st.lists(keys, min_size=1, max_size=6, unique=True))
def test_litellm__providers_however_alike__have_variables_of_their_own(
    providers: list[str],
) -> None:
    names = variables(providers)
    assert len(set(names)) == len(names) == len(providers)
    assert [variables([provider]) for provider in providers] == [[name] for name in names]


@pytest.mark.parametrize("key", ["openai", "vertex-ai", "01ai"])
def test_envoy__provider_whose_key_is_a_name_there__is_called_by_it(key: str) -> None:
    assert backends([key]) == [key]


@pytest.mark.parametrize(
    ("key", "variable"), [("openai", "OPENAI"), ("vertex_ai", "VERTEX_AI"), ("ai21", "AI21")]
)
def test_litellm__provider_of_plain_key__has_the_usual_variable(key: str, variable: str) -> None:
    assert variables([key]) == [variable]


@pytest.mark.parametrize("format", ["litellm", "portkey", "envoy", "openrouter"])
def test_rule__called_as_a_model__takes_the_name_of_no_other_rule_or_model(format: str) -> None:
    models = ("b", "a", "route-route-a")
    ordered = {"select": "ordered", "candidates": [{"model": key} for key in models]}
    catalogue = {
        "providers": {"acme": {"label": "Acme"}},
        "models": {key: {"provider": "acme"} for key in models},
    }
    ids = ["a", "route-a", "route-b"]
    rules = [{"id": key, "when": {"task": {"in": [TASKS[0]]}}, "route": ordered} for key in ids]
    exported = export(bundle_of(rules, ordered, [], catalogue), format)
    asked = [
        match[1]
        for loss in exported.losses
        if loss.fidelity is Fidelity.CALLER and (match := re.search("“(.+?)”.*rule", loss.sentence))
    ]
    if format == "portkey":  # which tests the conditions itself
        asked = [found["then"] for found in json.loads(exported.text)["strategy"]["conditions"]]
    assert asked == ["route-route-route-a", "route-a", "route-b"]


def test_openrouter__models_that_it_calls_alike__are_asked_for_once() -> None:
    catalogue = {
        "providers": {key: {"label": key} for key in ("gemini", "vertex_ai", "openai")},
        "models": {
            "gemini/flash": {"provider": "gemini"},
            "vertex_ai/flash": {"provider": "vertex_ai"},
            "gpt": {"provider": "openai"},
        },
    }
    first, *others = catalogue["models"]
    rows = [{"model": first, "on": ["timeout"], "then": others}]
    route = {"select": "ordered", "candidates": [{"model": first}]}
    exported = export(bundle_of([], route, rows, catalogue), "openrouter")
    assert json.loads(exported.text)["models"] == ["google/flash", "openai/gpt"]
    assert [loss.sentence for loss in exported.losses if "vertex_ai/flash" in loss.sentence]
