"""Whatever is uploaded is read or refused with its places, and never breaks anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.engine import COMPONENTS, DocumentError, Problem, compose
from policies.files.yaml_text import dump_yaml
from policies.interop import FORMATS, read

WORDS = (
    "class prompt_tokens requested_model metadata.class metadata.any_of metadata.prompt_tokens "
    "model_list model_name litellm_params model model_info weight rpm router_settings fallbacks "
    "model_group_alias num_retries allowed_fails cooldown_time max_fallbacks routing_strategy "
    "disable_cooldowns litellm_settings context_window_fallbacks strategy mode conditional "
    "fallback loadbalance targets name then query conditions default override_params provider "
    "retry attempts metadata.a metadata.a.b $in $eq $or $gt spec rules matches headers "
    "x-ai-eg-model value type Exact backendRefs priority modelNameOverride kind AIGatewayRoute "
    "models preset @preset/x openrouter/auto a/b * a*b"
)
words = st.sampled_from(WORDS.split(" "))
leaves = st.one_of(
    words,
    st.text(max_size=8),
    st.none(),
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False, allow_infinity=False),
)
values: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=5),
    max_leaves=25,
)


def read_or_refused(text: str, key: str) -> Sequence[Problem]:
    """Why it is refused; nothing where it is read."""
    try:
        imported = read(text, key)
    except DocumentError as error:
        assert error.problems
        return error.problems
    assert set(imported.documents) == set(COMPONENTS)
    compose(imported.documents, imported.catalogue)  # they fit each other and the catalogue
    return ()


@pytest.mark.parametrize("key", FORMATS)
@settings(max_examples=80)
@given(value=values)
def test_configuration__of_any_shape__is_read_or_refused(key: str, value: Any) -> None:
    read_or_refused(dump_yaml(value), key)


def entries(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Shapes that are nearly right, which get further in."""
    name = st.sampled_from(["a", "b", "openai/a", "default", "*"])
    deployment = st.fixed_dictionaries(
        {"model_name": name, "litellm_params": st.fixed_dictionaries({"model": name})},
        optional={"model_info": value},
    )
    lists = st.lists(st.dictionaries(name, st.lists(name, max_size=3), max_size=2), max_size=3)
    settings_of = st.fixed_dictionaries(
        {},
        optional={
            "fallbacks": lists,
            "context_window_fallbacks": lists,
            "model_group_alias": st.dictionaries(name, name, max_size=2),
            "num_retries": value,
            "max_fallbacks": value,
            "allowed_fails": value,
            "cooldown_time": value,
        },
    )
    return st.fixed_dictionaries(
        {"model_list": st.lists(deployment, min_size=1, max_size=5)},
        optional={"router_settings": settings_of},
    )


@settings(max_examples=100)
@given(value=entries(leaves))
def test_litellm__nearly_right__is_read_or_refused(value: Any) -> None:
    read_or_refused(dump_yaml(value), "litellm")


@pytest.mark.parametrize("key", FORMATS)
@pytest.mark.parametrize(
    "text",
    ["", "a: &x [*x]", "- !!python/object:os.system {}", "a: [", "\t", "a: 1\na: 2", "[" * 3000],
    ids=["empty", "alias", "tag", "open", "tab", "twice", "deep"],
)
def test_text__that_is_no_plain_yaml__is_refused_with_its_line(key: str, text: str) -> None:
    with pytest.raises(DocumentError) as refused:
        read(text, key)
    assert all("line" in problem.message for problem in refused.value.problems)


def targets(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Portkey's conditions, nearly right."""
    key = st.sampled_from(["metadata.class", "metadata.a", "metadata.a.b", "params.model", "$or"])
    test = st.dictionaries(st.sampled_from(["$eq", "$in", "$gt", "$lt"]), value, max_size=2)
    condition = st.fixed_dictionaries(
        {"query": st.dictionaries(key, test | value, max_size=2), "then": st.just("t")}
    )
    target = {"name": "t", "provider": "@a", "override_params": {"model": "m"}}
    return st.fixed_dictionaries(
        {
            "strategy": st.fixed_dictionaries(
                {"mode": st.just("conditional"), "conditions": st.lists(condition, max_size=3)},
                optional={"default": st.just("t")},
            ),
            "targets": st.just([target]),
        }
    )


@settings(max_examples=100)
@given(value=targets(leaves | st.lists(leaves, max_size=3)))
def test_portkey__nearly_right__is_read_or_refused(value: Any) -> None:
    read_or_refused(dump_yaml(value), "portkey")


def rules(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Envoy's rules, nearly right."""
    name = st.sampled_from(["x-ai-eg-model", "x-tenant", "class", "requested_model"])
    header = st.fixed_dictionaries({"name": name, "value": st.sampled_from(["a", "b"])})
    match = st.fixed_dictionaries({"headers": st.lists(header, max_size=2)})
    backend = st.fixed_dictionaries(
        {"name": st.sampled_from(["a", "b"])}, optional={"weight": value, "priority": value}
    )
    rule = st.fixed_dictionaries(
        {"backendRefs": st.lists(backend, min_size=1, max_size=3)},
        optional={"matches": st.lists(match, max_size=3)},
    )
    spec = st.fixed_dictionaries({"rules": st.lists(rule, max_size=3)})
    return st.fixed_dictionaries({"kind": st.just("AIGatewayRoute"), "spec": spec})


@settings(max_examples=100)
@given(value=rules(leaves))
def test_envoy__nearly_right__is_read_or_refused(value: Any) -> None:
    read_or_refused(dump_yaml(value), "envoy")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: 1\n---\n" * 1_000, "at most 200 documents"),
        (
            "---\n" * 240_000,
            "must have",
        ),  # each was kept with the lines before it: a hundred gigabytes
        ("---\n" * 6_000_000, "at most 1,000,000 characters"),
    ],
)
def test_configuration__of_very_many_documents__is_refused_before_they_fill_memory(
    text: str, why: str
) -> None:
    with pytest.raises(DocumentError, match=why):
        read(text, "envoy")


def deployments(group: str, count: int) -> list[dict[str, object]]:
    return [
        {"model_name": group, "litellm_params": {"model": f"openai/m{index}"}}
        for index in range(count)
    ]


MANY = 350
MULTIPLYING = {
    "litellm": {
        "model_list": [
            *deployments("a", MANY),
            *(one for index in range(MANY) for one in deployments(f"b{index}", 1)),
        ],
        "router_settings": {
            "model_group_alias": {f"x{index}": "a" for index in range(MANY)},
            "fallbacks": [{f"x{index}": [f"b{index}"]} for index in range(MANY)],
        },
    },
    "portkey": {
        "strategy": {
            "mode": "conditional",
            "default": "all",
            "conditions": [
                {"query": {"metadata.key": {"$eq": f"v{index}"}}, "then": "all"}
                for index in range(MANY)
            ],
        },
        "targets": [
            {
                "name": "all",
                "strategy": {"mode": "loadbalance"},
                "targets": [
                    {"provider": "openai", "override_params": {"model": f"m{index}"}}
                    for index in range(MANY)
                ],
            }
        ],
    },
    "envoy": {
        "kind": "AIGatewayRoute",
        "spec": {
            "rules": [
                {
                    "matches": [
                        {"headers": [{"name": "x-key", "value": f"v{index}"}]}
                        for index in range(MANY)
                    ],
                    "backendRefs": [{"name": f"b{index}"} for index in range(MANY)],
                }
            ]
        },
    },
}


@pytest.mark.parametrize("key", MULTIPLYING)
def test_configuration__whose_names_each_lead_to_all_models__is_refused_before_it_fills_memory(
    key: str,
) -> None:
    with pytest.raises(DocumentError, match="at most 100,000 models"):
        read(json.dumps(MULTIPLYING[key]), key)
