"""A workflow's documents of the configuration of LiteLLM's proxy, its `config.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policies.engine.catalogue import TOKENS_PER_PRICE
from policies.engine.reading import Place
from policies.interop.drafting import NeededModel, Read, ReadLane, as_key
from policies.interop.lanes import Share
from policies.interop.litellm_groups import (
    LISTS,
    SHUFFLED_BY,
    Deployment,
    Groups,
    aliases_of,
    fallbacks_of,
    groups_of,
    name_models,
)
from policies.interop.losses import Losses

CAPABILITIES = {
    "supports_function_calling": "tools",
    "supports_vision": "vision",
    "supports_response_schema": "json_schema",
    "supports_audio_input": "audio",
}
NUMBERS = ("num_retries", "max_fallbacks", "allowed_fails", "cooldown_time")
Numbers = Mapping[str, float | None]
SETTINGS_READ = frozenset(
    {
        "allowed_fails",
        "content_policy_fallbacks",
        "context_window_fallbacks",
        "cooldown_time",
        "default_fallbacks",
        "disable_cooldowns",
        "fallbacks",
        "max_fallbacks",
        "model_group_alias",
        "num_retries",
        "routing_strategy",
    }
)


def import_litellm(place: Place, losses: Losses) -> Read | None:
    """What the configuration says; None where it is not sound, which the place's log tells."""
    fields = place.members()
    members = dict(fields)
    settings = _merged_settings(members)
    groups = Groups(
        of=groups_of(members.get("model_list") or place.child("model_list", None), losses)
    )
    if place.log or not groups.of:
        if not place.log:
            place.report("must have a model_list with a model_name that is not a wildcard")
        return None
    name_models(groups)
    groups.aliases = aliases_of(settings, groups, losses)
    groups.lists = {key: fallbacks_of(settings, key, groups) for key in LISTS}
    numbers = {key: _number(settings, key) for key in NUMBERS}
    if place.log:
        return None
    _tell_the_rest(members, settings, losses)
    return _read(groups, settings, numbers, losses)


def _merged_settings(members: Mapping[str, Place]) -> dict[str, Place]:
    """Settings of the router; LiteLLM takes some of them from `litellm_settings`, too."""
    found: dict[str, Place] = {}
    for section in ("litellm_settings", "router_settings"):
        if section in members:
            inner = dict(members[section].members())
            wanted = inner if section == "router_settings" else SETTINGS_READ & set(inner)
            found.update({key: inner[key] for key in wanted})
    return found


def _tell_the_rest(
    members: Mapping[str, Place], settings: Mapping[str, Place], losses: Losses
) -> None:
    for key in members:
        if key not in ("model_list", "router_settings"):
            losses.dropped(f"/{key}", "Keys, callbacks and guards of the proxy are no policy.")
    for key, place in settings.items():
        if key not in SETTINGS_READ:
            losses.dropped(place.pointer, "This setting has no counterpart in the documents.")


def _read(groups: Groups, settings: Mapping[str, Place], numbers: Numbers, losses: Losses) -> Read:
    retries = numbers["num_retries"]
    strategy = settings["routing_strategy"].value if "routing_strategy" in settings else None
    lanes = [
        _lane(name, found, groups, int(retries or 0), strategy, losses)
        for name, found in groups.of.items()
    ]
    if retries:
        losses.approximated(
            settings["num_retries"].pointer,
            "Waits between retries are those of the documents; LiteLLM retries on any deployment "
            "of the group.",
        )
    default = _default(groups, lanes, losses)
    models = [_model(deployment, losses) for found in groups.of.values() for deployment in found]
    return Read(tuple(lanes), default, _unique(models), limits=_limits(settings, numbers, losses))


def _unique(models: Iterable[NeededModel]) -> tuple[NeededModel, ...]:
    """A model of several groups once, as told where most is told of it."""
    best: dict[str, NeededModel] = {}
    for model in models:
        first = best.setdefault(model.name, model)
        if _told(model) > _told(first):
            best[model.name] = model
    return tuple(best.values())


def _told(model: NeededModel) -> int:
    return sum(bool(value) for value in model.to_json().values())


def _lane(
    name: str,
    found: list[Deployment],
    groups: Groups,
    retries: int,
    strategy: object,
    losses: Losses,
) -> ReadLane:
    names = (name, *(alias for alias, target in groups.aliases.items() if target == name))
    shares = _shares(found, strategy, losses)
    lists = {key: _models_after(name, key, groups, losses) for key in LISTS}
    if len(shares) == 1:
        losses.exact(found[0].place, f"“{name}” goes to {shares[0].model}.")
    return ReadLane(
        names=names,
        shares=shares,
        fallbacks=tuple(lists["fallbacks"] or ()),
        context_fallbacks=lists["context_window_fallbacks"],
        content_fallbacks=lists["content_policy_fallbacks"],
        retries=retries,
        select="cheapest" if strategy == "cost-based-routing" else "ordered",
    )


def _shares(found: list[Deployment], strategy: object, losses: Losses) -> tuple[Share, ...]:
    """LiteLLM shuffles by weight where one is told, else by requests, else by tokens a minute."""
    if len(found) == 1:
        return (Share(found[0].name),)
    by = next((k for k in SHUFFLED_BY if found[0].parameters.get(k) is not None), None)
    weights = [(deployment.parameters.get(by) or 0) if by else 1 for deployment in found]
    if strategy not in (None, "simple-shuffle", "cost-based-routing"):
        losses.approximated(
            found[0].place, f"{strategy} chooses by load; here the group is split by fixed shares."
        )
    else:
        losses.approximated(
            found[0].place,
            f"“{found[0].group}” is split by {by or 'equal shares'}; a request keeps its model.",
        )
    if not any(weights):
        weights = [1] * len(found)
    return tuple(Share(d.name, weight) for d, weight in zip(found, weights, strict=True))


def _models_after(name: str, key: str, groups: Groups, losses: Losses) -> tuple[str, ...] | None:
    """The models of the groups that follow; None where nothing is said of such failures."""
    lists = groups.lists[key]
    targets = lists.get(name, lists.get("*"))
    if targets is None:
        return None
    for target in targets:
        if len(groups.of.get(target, ())) > 1:
            losses.approximated(
                f"/router_settings/{key}",
                f"After “{name}”, the deployments of “{target}” are tried in order, not by shares.",
            )
    found = [d.name for target in targets if target for d in groups.of[target]]
    return tuple(dict.fromkeys(found))


def _default(groups: Groups, lanes: list[ReadLane], losses: Losses) -> int:
    if len(lanes) > 1:
        chosen = next((i for i, lane in enumerate(lanes) if "default" in lane.names), 0)
        losses.approximated(
            "/model_list",
            "A name that nobody lists is refused by LiteLLM; here it takes the default route, "
            f"which is that of “{lanes[chosen].names[0]}”.",
        )
        return chosen
    losses.approximated(
        "/model_list", "There is one model group, so whatever name is asked for goes there."
    )
    return 0


def _model(deployment: Deployment, losses: Losses) -> NeededModel:
    told = {**deployment.parameters, **deployment.info}
    model = str(deployment.parameters["model"])
    provider = as_key(model.partition("/")[0] if "/" in model else "openai") or "unknown"
    region = as_key(str(told.get("region_name") or ""))
    window = told.get("max_input_tokens")
    return NeededModel(
        deployment.name,
        provider,
        context_window=window if isinstance(window, int) and window >= 1 else None,
        input_usd_per_mtok=_per_mtok(told.get("input_cost_per_token")),
        output_usd_per_mtok=_per_mtok(told.get("output_cost_per_token")),
        regions=(region,) if region else (),
        capabilities=tuple(ours for key, ours in CAPABILITIES.items() if told.get(key) is True),
    )


def _per_mtok(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return round(value * TOKENS_PER_PRICE, 9)


def _limits(settings: Mapping[str, Place], numbers: Numbers, losses: Losses) -> dict[str, Any]:
    limits: dict[str, Any] = {"retry_budget": None}
    most = numbers["max_fallbacks"]
    retries = numbers["num_retries"] or 0
    limits["max_attempts"] = int(min(max(1 + (5 if most is None else most) + retries, 1), 100))
    losses.approximated(
        "/router_settings/max_fallbacks", f"A chain has at most {limits['max_attempts']} attempts."
    )
    allowed, cooldown = numbers["allowed_fails"], numbers["cooldown_time"]
    disabled = settings["disable_cooldowns"].value if "disable_cooldowns" in settings else None
    if disabled is True or (allowed is None and cooldown is None):
        limits["breaker"] = None
    else:
        requests = int(max(allowed or 3, 1))
        limits["breaker"] = {
            "failure_ratio": 0.5,
            "min_requests": requests,
            "window_s": 60,
            "cooldown_s": 5 if cooldown is None else cooldown,
        }
        losses.approximated(
            "/router_settings/cooldown_time",
            "LiteLLM counts failures of a minute; here half of the requests of a minute must fail.",
        )
    return limits


def _number(settings: Mapping[str, Place], key: str) -> float | None:
    """A number that is told, else None; what is none is reported."""
    place = settings.get(key)
    return None if place is None else place.nullable(lambda told: told.number(at_least=0))
