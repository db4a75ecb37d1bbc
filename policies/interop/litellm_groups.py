"""The model groups of a LiteLLM configuration: deployments, aliases, and what follows a failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from policies.engine.reading import Place
from policies.interop.losses import Losses

ENVIRONMENT = "os.environ/"
PARAMETERS = "litellm_params"
# What of a deployment says how to call it, not where requests go: it stays with the caller.
CREDENTIALS = frozenset(
    {"api_base", "api_key", "api_version", "organization", "base_url", "extra_headers"}
)
LIMITS = frozenset({"rpm", "tpm", "itpm", "otpm", "max_parallel_requests", "max_budget"})
READ = frozenset(
    {"model", "weight", "region_name", "input_cost_per_token", "output_cost_per_token"}
)
# What LiteLLM shuffles the deployments of a group by: the first that any has above 0.
SHUFFLED_BY = ("weight", "rpm", "tpm")


@dataclass
class Deployment:
    """One entry of `model_list`; ``index`` is its place there.

    ``weights`` are the numbers that groups are shuffled by, by their keys; None is one that is told
    only in the router's environment.
    """

    index: int
    group: str
    parameters: Mapping[str, Any]
    info: Mapping[str, Any]
    weights: Mapping[str, float | None]

    @property
    def place(self) -> str:
        return f"/model_list/{self.index}"


@dataclass
class Groups:
    """Deployments by model group, other names of groups, and patterns of names not listed."""

    of: dict[str, list[Deployment]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    wildcards: list[str] = field(default_factory=list)

    def group(self, name: str) -> str | None:
        """The group whose deployments answer a name. An alias goes before a group of its name."""
        found = self.aliases.get(name, name)
        return found if found in self.of else None

    def names(self) -> tuple[str, ...]:
        """All that callers may ask for."""
        return tuple(dict.fromkeys((*self.of, *self.aliases)))


def groups_of(place: Place, losses: Losses) -> Groups:
    groups = Groups()
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
        told = [key for key in SHUFFLED_BY if key in inner and inner[key].value is not None]
        weights = {key: number_of(inner[key], losses) for key in told}
        info = members.get("model_info")
        facts = _values(dict(info.members())) if info else {}
        deployment = Deployment(index, name, _values(inner), facts, weights)
        if "*" in name or "*" in str(deployment.parameters["model"]):
            losses.dropped(
                f"/model_list/{index}",
                f"A wildcard ({name}) means models that nobody lists: list those that you use.",
            )
            groups.wildcards.append(name)
        elif name:
            _tell_parameters(deployment, losses)
            groups.of.setdefault(name, []).append(deployment)
    return groups


def number_of(place: Place, losses: Losses) -> float | None:
    """A number that is told, else None; what is none is reported."""
    if isinstance(place.value, str) and place.value.startswith(ENVIRONMENT):
        losses.caller(
            place.pointer,
            "This number is in the router's environment: write it here to have it read.",
        )
        return None
    return place.nullable(lambda told: told.number(at_least=0))


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


def read_aliases(settings: Mapping[str, Place], groups: Groups, losses: Losses) -> None:
    """Aliases of groups that are there; of an alias of an alias LiteLLM follows the first alone."""
    place = settings.get("model_group_alias")
    for alias, target in place.members() if place and place.value is not None else ():
        named = target.value
        if isinstance(named, dict):
            losses.dropped(target.pointer, "Whether an alias is listed is not part of a policy.")
            named = named.get("model")
        if not isinstance(named, str):
            target.report("must be a model_name of the model_list")
        elif named not in groups.of:
            losses.dropped(target.pointer, nobody_called(named, groups))
        else:
            groups.aliases[alias] = named
            if alias in groups.of and alias != named:
                losses.dropped(
                    groups.of[alias][0].place,
                    f"The alias “{alias}” leads to “{named}”, so nobody comes here by that name.",
                )


def nobody_called(name: str, groups: Groups) -> str:
    """What is said of a name that no group and no alias has."""
    if any(fnmatchcase(name, pattern) for pattern in groups.wildcards):
        return f"“{name}” is served by a wildcard: list it in the model_list to have it read."
    return f"No model group and no alias is called “{name}”, so LiteLLM calls nobody there."
