"""Models of a configuration by their names in the catalogue: those of exports, backwards. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from policies.interop.drafting import NeededModel, Read, ReadLane
from policies.interop.lanes import Share
from policies.interop.losses import Losses
from policies.interop.naming import spellings

# Keys of models and of the providers that run them, as a catalogue has them.
Known = Mapping[str, str]


def as_known(read: Read, known: Known, losses: Losses) -> Read:
    """The same, its models called by their keys in the catalogue where it has them by another name.

    A name that is a key stays; one that may be several keys is left as it stands.
    """
    keys = _keys(read.models, known)
    if not keys:
        return read
    for name, key in keys.items():
        losses.exact("", f"{name} is {key} of the catalogue.")

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


def _keys(models: Iterable[NeededModel], known: Known) -> dict[str, str]:
    meant: dict[str, set[str]] = {}
    for key, provider in known.items():
        for name in spellings(provider, key):
            meant.setdefault(name, set()).add(key)
    found: dict[str, str] = {}
    for model in models:
        keys = meant.get(model.name, set())
        # Of several models of one name, that of the provider which the configuration names.
        own = {key for key in keys if known[key] == model.provider}
        one = own or (set() if model.name in known else keys)
        if len(one) == 1 and model.name not in own:
            found[model.name] = next(iter(one))
    return found
