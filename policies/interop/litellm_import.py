"""A workflow's documents of the configuration of LiteLLM's proxy, its `config.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.engine.catalogue import TOKENS_PER_PRICE
from policies.engine.reading import Place
from policies.interop.drafting import (
    MOST_RETRIES,
    NeededModel,
    Read,
    ReadLane,
    as_key,
    within_bounds,
)
from policies.interop.lanes import Share
from policies.interop.litellm_groups import (
    SHUFFLED_BY,
    Deployment,
    Groups,
    groups_of,
    number_of,
    read_aliases,
)
from policies.interop.litellm_lists import (
    LISTS,
    FallbackLists,
    Targets,
    called_again,
    lists_of,
)
from policies.interop.litellm_names import Named, names_of
from policies.interop.litellm_settings import merged_settings, tell_the_rest
from policies.interop.losses import Losses

CAPABILITIES = {
    "supports_function_calling": "tools",
    "supports_vision": "vision",
    "supports_response_schema": "json_schema",
    "supports_audio_input": "audio",
}
CHEAPEST = "cost-based-routing"
# What LiteLLM does where nothing is told of it.
RETRIES, DEEPEST, ALLOWED_FAILS, COOLDOWN_S = 2, 5, 3, 5
NUMBERS = ("num_retries", "max_fallbacks", "allowed_fails", "cooldown_time")
Numbers = Mapping[str, float | None]


@dataclass(frozen=True)
class _Reading:
    """The parts of a configuration, and what is lost of them."""

    groups: Groups
    named: Mapping[int, Named]
    lists: Mapping[str, FallbackLists]
    numbers: Numbers
    settings: Mapping[str, Place]
    losses: Losses

    @property
    def retries(self) -> int:
        told = self.numbers["num_retries"]
        return RETRIES if told is None else int(told)

    def setting(self, key: str) -> object:
        return self.settings[key].value if key in self.settings else None

    def place(self, key: str) -> str:
        return self.settings[key].pointer if key in self.settings else f"/router_settings/{key}"


def import_litellm(place: Place, losses: Losses) -> Read | None:
    """What the configuration says; None where it is not sound, which the place's log tells."""
    members = dict(place.members())
    settings = merged_settings(members)
    groups = groups_of(members.get("model_list") or place.child("model_list", None), losses)
    if place.log or not groups.of:
        if not place.log:
            place.report("must have a model_list with a model_name that is not a wildcard")
        return None
    read_aliases(settings, groups, losses)
    lists = {key: lists_of(settings, key, groups, losses) for key in LISTS}
    numbers = {
        key: number_of(settings[key], losses) if key in settings else None for key in NUMBERS
    }
    if place.log:
        return None
    if numbers["max_fallbacks"] == 0:
        losses.exact(settings["max_fallbacks"].pointer, "No fallback is tried.")
        lists = {key: FallbackLists({}) for key in LISTS}
    tell_the_rest(members, settings, losses)
    named = names_of((one for found in groups.of.values() for one in found), losses)
    return _read(_Reading(groups, named, lists, numbers, settings, losses), place)


def _read(reading: _Reading, place: Place) -> Read | None:
    lanes = within_bounds(_lanes(reading), place)
    if place.log:
        return None
    _tell_retries(reading)
    _tell_fallbacks(reading)
    default = _default(lanes, reading.losses)
    used = {model for lane in lanes for model in _models_of(lane)}
    models = [
        _model(deployment, reading.named[deployment.index])
        for found in reading.groups.of.values()
        for deployment in found
        if reading.named[deployment.index].name in used
    ]
    for found in reading.groups.of.values():
        for deployment in found:
            _tell_facts(deployment, reading)
    return Read(tuple(lanes), default, _unique(models), limits=_limits(reading))


def _models_of(lane: ReadLane) -> tuple[str, ...]:
    others = (*(lane.context_fallbacks or ()), *(lane.content_fallbacks or ()))
    return (*(share.model for share in lane.shares), *lane.fallbacks, *others)


def _tell_retries(reading: _Reading) -> None:
    told = reading.numbers["num_retries"]
    place = reading.place("num_retries")
    if told is None:
        reading.losses.approximated(
            place, f"Without it LiteLLM tries {RETRIES} times again, which is what stands here."
        )
    if reading.retries > MOST_RETRIES:
        reading.losses.approximated(
            place, f"Here {MOST_RETRIES} retries, the most that may be said, stand for them."
        )
    if reading.retries:
        reading.losses.approximated(
            place,
            "Waits between retries are those of the documents; LiteLLM retries on any deployment "
            "of the group.",
        )


def _tell_fallbacks(reading: _Reading) -> None:
    told = [targets for lists in reading.lists.values() for targets in lists.by_name.values()]
    if not told:
        return
    most = reading.numbers["max_fallbacks"]
    reading.losses.approximated(
        reading.place("max_fallbacks"),
        f"LiteLLM goes on by the lists of targets, {DEEPEST if most is None else most:g} deep at "
        "most; here all lists are followed.",
    )
    reading.losses.approximated(
        told[0].place, "After a bad request LiteLLM goes on by its lists, too; here a chain ends."
    )


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


def _lanes(reading: _Reading) -> Iterator[ReadLane]:
    """One for all names that mean one group and go on alike after a failure."""
    names: dict[tuple[str, tuple[Targets | None, ...]], list[str]] = {}
    for name in reading.groups.names():
        group = reading.groups.group(name)
        if group is not None:
            after = tuple(reading.lists[key].after(name) for key in LISTS)
            names.setdefault((group, after), []).append(name)
    for (group, after), own in names.items():
        yield _lane(group, tuple(own), after, reading)


def _lane(
    group: str, names: tuple[str, ...], after: tuple[Targets | None, ...], reading: _Reading
) -> ReadLane:
    found = reading.groups.of[group]
    shares = _shares(found, reading)
    _tell_names(group, names, after, reading)
    general, context, content = (_models_after(names[0], targets, reading) for targets in after)
    if content is None and reading.lists["content_policy_fallbacks"].by_name:
        content = ()  # LiteLLM keeps to these lists where there are any, also for other names
    if len(shares) == 1:
        reading.losses.exact(found[0].place, f"“{names[0]}” goes to {shares[0].model}.")
    is_cheapest = reading.setting("routing_strategy") == CHEAPEST
    return ReadLane(
        names=names,
        shares=shares,
        fallbacks=general or (),
        context_fallbacks=context,
        content_fallbacks=content,
        retries=reading.retries,
        select="cheapest" if is_cheapest else "ordered",
    )


def _tell_names(
    group: str, names: tuple[str, ...], after: tuple[Targets | None, ...], reading: _Reading
) -> None:
    """Where LiteLLM's Router goes otherwise, since its lists are of names and not of models."""
    for name in names:
        for targets in after:
            if name != group and targets is not None and group in targets.groups:
                reading.losses.approximated(targets.place, called_again(group, name))
    full, others = (reading.lists[key] for key in ("context_window_fallbacks", "fallbacks"))
    told = full.after(names[0])
    if told is None:
        return
    for target in told.groups:
        if full.after(target) is None and others.after(target) is not None:
            reading.losses.approximated(
                told.place,
                f"After “{names[0]}” and “{target}”, a full context leads on by the list of "
                f"“{target}” for other failures; LiteLLM ends there.",
            )


def _shares(found: list[Deployment], reading: _Reading) -> tuple[Share, ...]:
    """LiteLLM shuffles by one number, and whoever has none of it gets nothing."""
    by = _shuffled_by(found)
    weights: dict[str, float] = {}
    for deployment in found:
        name = reading.named[deployment.index].name
        weight = (deployment.weights.get(by) or 0) if by else 1
        weights[name] = weights.get(name, 0) + weight
    if len(weights) > 1:
        _tell_split(found[0], by, reading)
    return tuple(Share(name, weight) for name, weight in weights.items())


def _shuffled_by(found: list[Deployment]) -> str | None:
    """None where all are alike, or where the environment alone knows."""
    for key in SHUFFLED_BY:
        told = [deployment.weights[key] for deployment in found if key in deployment.weights]
        if None in told:
            return None
        if any(told):
            return key
    return None


def _tell_split(first: Deployment, by: str | None, reading: _Reading) -> None:
    strategy = reading.setting("routing_strategy")
    if strategy == CHEAPEST:
        said = (
            f"“{first.group}” goes to the cheapest at the catalogue's prices and the request's "
            "size; LiteLLM goes by its own prices of a token."
        )
    elif strategy not in (None, "simple-shuffle"):
        said = f"{strategy} chooses by load; here the group is split by fixed shares."
    else:
        said = f"“{first.group}” is split by {by or 'equal shares'}; a request keeps its model."
    reading.losses.approximated(first.place, said)


def _models_after(name: str, after: Targets | None, reading: _Reading) -> tuple[str, ...] | None:
    """The models of the groups that follow; None where nothing is said of such failures."""
    if after is None:
        return None
    for lists in reading.lists.values():
        if lists.is_own(name) and any(map(lists.goes_by_that_for_all, after.groups)):
            reading.losses.approximated(
                after.place,
                f"After “{name}”, its targets go on by the list for all names; LiteLLM does not.",
            )
    for target in after.groups:
        if len(reading.groups.of[target]) > 1:
            reading.losses.approximated(
                after.place,
                f"After “{name}”, the deployments of “{target}” are tried in order, not by shares.",
            )
    found = [deployment for target in after.groups for deployment in reading.groups.of[target]]
    return tuple(dict.fromkeys(reading.named[deployment.index].name for deployment in found))


def _default(lanes: list[ReadLane], losses: Losses) -> int:
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


def _model(deployment: Deployment, named: Named) -> NeededModel:
    told = {**deployment.parameters, **deployment.info}
    region = as_key(str(told.get("region_name") or ""))
    window = told.get("max_input_tokens")
    return NeededModel(
        named.name,
        named.provider,
        context_window=window if isinstance(window, int) and window >= 1 else None,
        input_usd_per_mtok=_per_mtok(told.get("input_cost_per_token")),
        output_usd_per_mtok=_per_mtok(told.get("output_cost_per_token")),
        regions=(region,) if region else (),
        capabilities=tuple(ours for key, ours in CAPABILITIES.items() if told.get(key) is True),
        spoken=named.spoken,
        place=deployment.place,
    )


def _tell_facts(deployment: Deployment, reading: _Reading) -> None:
    """What `model_info` says that no entry of a catalogue has."""
    model = _model(deployment, reading.named[deployment.index])
    read = {
        "max_input_tokens": model.context_window,
        "input_cost_per_token": model.input_usd_per_mtok,
        "output_cost_per_token": model.output_usd_per_mtok,
    }
    for section, facts in (
        ("litellm_params", deployment.parameters),
        ("model_info", deployment.info),
    ):
        for key, value in facts.items():
            place = f"{deployment.place}/{section}/{key}"
            if key in read and value is not None and read[key] is None:
                reading.losses.dropped(place, "This is no number that can be read.")
            elif section == "model_info" and key not in (*read, *CAPABILITIES, "region_name"):
                reading.losses.dropped(place, "The catalogue has no such fact of a model.")


def _per_mtok(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return round(value * TOKENS_PER_PRICE, 9)


def _limits(reading: _Reading) -> dict[str, Any]:
    return {"retry_budget": None, "breaker": _breaker(reading)}


def _breaker(reading: _Reading) -> dict[str, Any] | None:
    """None where LiteLLM leaves no deployment alone, and where it does so by its defaults."""
    if reading.setting("disable_cooldowns") is True:
        return None
    allowed, cooldown = reading.numbers["allowed_fails"], reading.numbers["cooldown_time"]
    if allowed is None and cooldown is None:
        reading.losses.dropped(
            reading.place("cooldown_time"),
            f"Without it LiteLLM leaves a deployment alone for {COOLDOWN_S} s after more than "
            f"{ALLOWED_FAILS} failures in a minute; there is no breaker here.",
        )
        return None
    reading.losses.approximated(
        reading.place("cooldown_time"),
        "LiteLLM counts failures of a minute; here half of the requests of a minute must fail.",
    )
    return {
        "failure_ratio": 0.5,
        "min_requests": int(max(allowed or ALLOWED_FAILS, 1)),
        "window_s": 60,
        "cooldown_s": COOLDOWN_S if cooldown is None else cooldown,
    }
