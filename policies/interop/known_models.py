"""Models of a configuration by their names in the catalogue: those of exports, backwards. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from policies.interop.drafting import NeededModel, Read, ReadLane
from policies.interop.lanes import Share
from policies.interop.losses import Losses
from policies.interop.naming import is_same_provider, spellings

# Keys of models and of the providers that run them, as a catalogue has them.
Known = Mapping[str, str]


def as_known(read: Read, known: Known, losses: Losses) -> Read:
    """The same, its models called by their keys in the catalogue where it has them by another name.

    A name that is a key stays; one that may be several keys is left as it stands.
    """
    keys = _keys(read.models, known)
    for model in read.models:
        _tell(model, keys.get(model.name, model.name), known, losses)
    _tell_joined(read.models, keys, losses)
    if not keys:
        return read

    def renamed(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(keys.get(name, name) for name in names))

    lanes = tuple(_lane(lane, keys, renamed) for lane in read.lanes)
    models = tuple(
        replace(model, name=keys[model.name], provider=known[keys[model.name]])
        if model.name in keys
        else model
        for model in read.models
    )
    return replace(read, lanes=lanes, models=models)


def _lane(
    lane: ReadLane, keys: Mapping[str, str], renamed: Callable[[Iterable[str]], tuple[str, ...]]
) -> ReadLane:
    weights: dict[str, float] = {}
    for share in lane.shares:
        key = keys.get(share.model, share.model)
        weights[key] = weights.get(key, 0) + share.weight
    context, content = lane.context_fallbacks, lane.content_fallbacks
    return replace(
        lane,
        shares=tuple(Share(key, weight) for key, weight in weights.items()),
        fallbacks=renamed(lane.fallbacks),
        context_fallbacks=None if context is None else renamed(context),
        content_fallbacks=None if content is None else renamed(content),
    )


def _tell(model: NeededModel, key: str, known: Known, losses: Losses) -> None:
    if key in known and not is_same_provider(known[key], model.provider):
        losses.approximated(
            model.place,
            f"{_spoken(model)} is taken for {key} of the catalogue, which {known[key]} runs: "
            f"see whether it is what {model.provider} serves here.",
        )
    elif key != model.name:
        losses.exact(model.place, f"{_spoken(model)} is {key} of the catalogue.")


def _tell_joined(models: Iterable[NeededModel], keys: Mapping[str, str], losses: Losses) -> None:
    first: dict[str, NeededModel] = {}
    for model in models:
        key = keys.get(model.name, model.name)
        earlier = first.setdefault(key, model)
        if earlier is not model:
            losses.approximated(
                model.place,
                f"{key} is one model of the catalogue, here and at {earlier.place}: which address "
                "is called stays with the router.",
            )


def _spoken(model: NeededModel) -> str:
    return model.spoken or model.name


def _keys(models: Iterable[NeededModel], known: Known) -> dict[str, str]:
    """Keys by the names of models that are called otherwise."""
    meant: dict[str, set[str]] = {}
    for key, provider in known.items():
        for name in spellings(provider, key):
            meant.setdefault(name, set()).add(key)
    found: dict[str, str] = {}
    for model in models:
        spoken = _spoken(model)
        keys = meant.get(spoken, set())
        # Of several models of one name, that of the provider which the configuration names.
        own = {key for key in keys if is_same_provider(known[key], model.provider)}
        chosen = spoken if spoken in own else _only(own or ({spoken} if spoken in known else keys))
        if chosen is not None and chosen != model.name:
            found[model.name] = chosen
    return found


def _only(keys: set[str]) -> str | None:
    return next(iter(keys)) if len(keys) == 1 else None
