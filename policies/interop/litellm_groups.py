"""The model groups of a LiteLLM configuration: deployments, aliases, and what follows a failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.engine.reading import Place
from policies.interop.losses import Losses

PARAMETERS = "litellm_params"
# What of a deployment says how to call it, not where requests go: it stays with the caller.
CREDENTIALS = frozenset(
    {"api_base", "api_key", "api_version", "organization", "base_url", "extra_headers"}
)
LIMITS = frozenset({"rpm", "tpm", "itpm", "otpm", "max_parallel_requests", "max_budget"})
READ = frozenset(
    {"model", "weight", "region_name", "input_cost_per_token", "output_cost_per_token"}
)
# What LiteLLM shuffles the deployments of a group by, the first that is told.
SHUFFLED_BY = ("weight", "rpm", "tpm")
LISTS = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")


@dataclass
class Deployment:
    """One entry of `model_list`; ``index`` is its place there."""

    index: int
    group: str
    parameters: Mapping[str, Any]
    info: Mapping[str, Any]
    name: str = ""

    @property
    def place(self) -> str:
        return f"/model_list/{self.index}"


@dataclass
class Groups:
    """Deployments by model group, names that mean a group, and where each goes after a failure."""

    of: dict[str, list[Deployment]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    lists: dict[str, dict[str, list[str]]] = field(default_factory=dict)


def groups_of(place: Place, losses: Losses) -> dict[str, list[Deployment]]:
    found: dict[str, list[Deployment]] = {}
    for index, item in enumerate(place.items(not_empty=True, of="deployments")):
        members = dict(item.members())
        name_place = members.get("model_name")
        parameters = members.get(PARAMETERS)
        if name_place is None or parameters is None:
            if isinstance(item.value, dict):
                item.report("must have model_name and litellm_params")
            continue
        name = name_place.label()
        inner = dict(parameters.members())
        model = inner.get("model")
        if model is None:
            parameters.report("must have a model")
            continue
        model.label()
        for key in SHUFFLED_BY:
            if key in inner:
                inner[key].nullable(lambda told: told.number(at_least=0))
        info = members.get("model_info")
        deployment = Deployment(
            index, name, _values(inner), _values(dict(info.members())) if info else {}
        )
        if "*" in name or "*" in str(deployment.parameters["model"]):
            losses.dropped(
                f"/model_list/{index}",
                f"A wildcard ({name}) means models that nobody lists: list those that you use.",
            )
        elif name:
            _tell_parameters(deployment, losses)
            found.setdefault(name, []).append(deployment)
    return found


def _values(members: Mapping[str, Place]) -> dict[str, Any]:
    return {key: place.value for key, place in members.items()}


def _tell_parameters(deployment: Deployment, losses: Losses) -> None:
    for key in deployment.parameters:
        place = f"{deployment.place}/{PARAMETERS}/{key}"
        if key in CREDENTIALS:
            losses.caller(place, "How the deployment is reached stays with the router.")
        elif key in LIMITS:
            losses.dropped(place, "Limits by minute are not part of a policy.")
        elif key == "order":
            losses.dropped(place, "The order of deployments is not kept; put it into the route.")
        elif key not in READ:
            losses.caller(place, "Parameters of the call are the caller's to send.")


def name_models(groups: Groups) -> None:
    """A group of one deployment gives its model the group's name; others have that of LiteLLM."""
    single = {
        str(found[0].parameters["model"]): name
        for name, found in groups.of.items()
        if len(found) == 1
    }
    taken: dict[str, int] = {}
    for name, found in groups.of.items():
        for deployment in found:
            model = str(deployment.parameters["model"])
            chosen = name if len(found) == 1 else single.get(model, model)
            if len(found) > 1 and chosen == model:
                taken[chosen] = taken.get(chosen, 0) + 1
                chosen = chosen if taken[chosen] == 1 else f"{chosen} #{taken[chosen]}"
            deployment.name = chosen[:200]


def aliases_of(settings: Mapping[str, Place], groups: Groups, losses: Losses) -> dict[str, str]:
    found: dict[str, str] = {}
    place = settings.get("model_group_alias")
    for alias, target in place.members() if place and place.value is not None else ():
        named = target.value
        if isinstance(named, dict):
            losses.dropped(target.pointer, "Whether an alias is listed is not part of a policy.")
            named = named.get("model")
        if not isinstance(named, str) or named not in groups.of:
            target.report(f"must be a model_name of the model_list, not {named!r:.80}")
        found[alias] = str(named)
    return found


def fallbacks_of(settings: Mapping[str, Place], key: str, groups: Groups) -> dict[str, list[str]]:
    """Model groups by the group that failed; "*" stands for any that has no list of its own."""
    found: dict[str, list[str]] = {}
    place = settings.get(key)
    for item in place.items(of="objects") if place and place.value is not None else ():
        for name, targets in item.members():
            found[name] = [_target(target, groups) for target in targets.items(of="model groups")]
    for_all = settings.get("default_fallbacks")
    if key == LISTS[0] and for_all is not None and for_all.value is not None:
        listed = for_all.items(of="model groups")
        found.setdefault("*", [_target(target, groups) for target in listed])
    return found


def _target(place: Place, groups: Groups) -> str:
    name = place.value
    if not isinstance(name, str) or (name not in groups.of and name not in groups.aliases):
        place.report("must be a model_name of the model_list or an alias")
        return ""
    return groups.aliases.get(name, name)
