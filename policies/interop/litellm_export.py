"""A bundle as the configuration of LiteLLM's proxy.

Each model becomes a model group of its own name, so that fallbacks can lead there; a lane becomes
an alias of its model's group or, where it is a split, a group with weights.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from policies.engine import Bundle
from policies.files.yaml_text import dump_yaml
from policies.interop.lanes import (
    After,
    Lane,
    after,
    lanes_of,
    retries_after,
    tell_what_no_gateway_has,
)
from policies.interop.losses import Losses
from policies.interop.naming import LITELLM, in_few_characters, provider_of

_COMMENT = (
    "For LiteLLM's proxy, made of a policy. Keys of providers come from the environment; what the\n"
    "proxy cannot do as the policy says stands in the loss report."
)


def export_litellm(bundle: Bundle, losses: Losses) -> str:
    """The text of `config.yaml`."""
    lanes = lanes_of(bundle, losses)
    tell_what_no_gateway_has(bundle, lanes, losses)
    _tell_callers(bundle, lanes, losses)
    reached = {lane.name: _after_lane(bundle, lane, losses) for lane in lanes}
    every = dict.fromkeys(share.model for lane in lanes for share in lane.shares)
    pending = [target for found in reached.values() for target in _targets(found)]
    every.update(dict.fromkeys(pending))
    classes = tuple(bundle.request_classification.class_keys)
    for model in list(every):
        found = after(bundle, model, classes, losses)
        reached.setdefault(model, found)
        every.update(dict.fromkeys(_targets(found)))
    models = [_group(bundle, model, losses) for model in every]
    splits = [entry for lane in lanes if lane.is_split for entry in _split(bundle, lane)]
    settings = _settings(bundle, lanes, reached, losses)
    content = {"model_list": [*models, *splits], "router_settings": settings}
    return dump_yaml(content, comment=_COMMENT)


def _tell_callers(bundle: Bundle, lanes: tuple[Lane, ...], losses: Losses) -> None:
    rules = {rule.id: index for index, rule in enumerate(bundle.router_policy.rules)}
    for lane in lanes:
        place = f"/router_policy/rules/{rules[lane.rule]}/when" if lane.when else ""
        if lane.when is not None:
            losses.caller(place, f"Ask for the model “{lane.name}” where this rule holds.")
        elif len(lanes) > 1 or lane.is_split:
            losses.caller(
                "/router_policy/default", f"Ask for the model “{lane.name}” for the rest."
            )


def _group(bundle: Bundle, model: str, losses: Losses) -> dict[str, Any]:
    provider = provider_of(bundle, model)
    parameters = _parameters(bundle, model)
    losses.caller(
        f"/catalogue/models/{model}", f"The key of {provider} is to be in the environment."
    )
    entry = bundle.catalogue.models[model]
    info = {
        "input_cost_per_token": _per_token(entry.input_usd_per_mtok),
        "output_cost_per_token": _per_token(entry.output_usd_per_mtok),
        "max_input_tokens": entry.context_window,
    }
    if entry.price_tiers:
        losses.dropped(f"/catalogue/models/{model}/price_tiers", "Prices by size are left out.")
    known = {key: value for key, value in info.items() if value is not None}
    return {
        "model_name": model,
        "litellm_params": parameters,
        **({"model_info": known} if known else {}),
    }


def _per_token(usd_per_mtok: float | None) -> float | None:
    return None if usd_per_mtok is None else float(Decimal(str(usd_per_mtok)) / 1_000_000)


def _parameters(bundle: Bundle, model: str) -> dict[str, Any]:
    provider = provider_of(bundle, model)
    variable = in_few_characters(provider, "_").upper()
    key = {"api_key": f"os.environ/{variable}_API_KEY"}
    if model.partition("/")[0] in LITELLM.values() and "/" in model:
        return {"model": model, **key}
    if provider in LITELLM:
        return {"model": f"{LITELLM[provider]}/{model}", **key}
    # Any other is spoken to as OpenAI is, at an address of its own.
    return {"model": f"openai/{model}", "api_base": f"os.environ/{variable}_API_BASE", **key}


def _split(bundle: Bundle, lane: Lane) -> list[dict[str, Any]]:
    return [
        {
            "model_name": lane.name,
            "litellm_params": {**_parameters(bundle, share.model), "weight": share.weight},
        }
        for share in lane.shares
    ]


def _after_lane(bundle: Bundle, lane: Lane, losses: Losses) -> After:
    found = [after(bundle, share.model, lane.classes, losses) for share in lane.shares]
    if any(one != found[0] for one in found):
        losses.approximated(
            "/fallback_matrix/rows",
            f"“{lane.name}” has one list of fallbacks for all its models; theirs differ.",
        )
    return found[0]


def _targets(found: After) -> tuple[str, ...]:
    return (*found.general, *found.context, *found.content)


def _settings(
    bundle: Bundle, lanes: tuple[Lane, ...], reached: dict[str, After], losses: Losses
) -> dict[str, Any]:
    limits = bundle.fallback_matrix.limits
    lists = {
        "fallbacks": {name: found.general for name, found in reached.items()},
        "context_window_fallbacks": {name: found.context for name, found in reached.items()},
        "content_policy_fallbacks": {name: found.content for name, found in reached.items()},
    }
    longest = max((len(chain) for by in lists.values() for chain in by.values()), default=0)
    asked = [(share.model, lane.classes) for lane in lanes for share in lane.shares]
    retries = max((retries_after(bundle, *of, losses) for of in asked), default=0)
    aliases = {
        lane.name: lane.shares[0].model
        for lane in lanes
        if not lane.is_split and lane.name != lane.shares[0].model
    }
    if any(found.general and not (found.context and found.content) for found in reached.values()):
        losses.approximated(
            "/fallback_matrix/rows",
            "Where a full context or refused content leads nowhere, LiteLLM goes on as after any "
            "other failure.",
        )
    if any(
        found.general and {found.context, found.content} != {found.general}
        for found in reached.values()
    ):
        losses.approximated(
            "/fallback_matrix/rows",
            "Where a fallback fails by a full context or refused content, LiteLLM goes on by the "
            "list that led to it.",
        )
    losses.dropped("/fallback_matrix/limits/deadline_ms", "There is no deadline for a whole chain.")
    return {
        "routing_strategy": "simple-shuffle",
        "model_group_alias": aliases,
        "num_retries": retries,
        **_most_fallbacks(longest, retries, limits.max_attempts, losses),
        **_cooldown(bundle, losses),
        **{key: cut for key, by in lists.items() if (cut := _lists(by, limits.max_attempts - 1))},
    }


def _most_fallbacks(
    longest: int, retries: int, max_attempts: int, losses: Losses
) -> dict[str, int]:
    """LiteLLM tries all of a list and counts how deep lists lead on from its targets. Each list is
    a whole chain already; by those of its targets, LiteLLM would go back to what has failed.
    """
    most = min(longest, max_attempts - 1)
    if (1 + longest) * (1 + retries) > max_attempts:
        losses.approximated(
            "/fallback_matrix/limits/max_attempts",
            f"At most {1 + most} models are tried; retries are not counted with them.",
        )
    return {"max_fallbacks": 1} if most else {}


def _cooldown(bundle: Bundle, losses: Losses) -> dict[str, Any]:
    breaker = bundle.fallback_matrix.limits.breaker
    if breaker is None:
        return {"disable_cooldowns": True}
    allowed = max(1, round(breaker.failure_ratio * breaker.min_requests))
    losses.approximated(
        "/fallback_matrix/limits/breaker",
        f"A model is left alone after more than {allowed} failures in a minute, whatever share.",
    )
    return {"allowed_fails": allowed, "cooldown_time": breaker.cooldown_s}


def _lists(by: dict[str, tuple[str, ...]], most: int) -> list[dict[str, list[str]]]:
    return [{name: list(chain[:most])} for name, chain in by.items() if chain[:most]]
