"""Where a LiteLLM configuration goes after a failure: lists by the name that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from policies.engine.reading import Place
from policies.interop.litellm_groups import Groups, nobody_called
from policies.interop.losses import Losses
from policies.interop.naming import LITELLM

# In front of a name, these are left out where its list is looked for.
PROVIDERS = tuple(dict.fromkeys(LITELLM.values()))
LISTS = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
ANY_NAME = "*"


@dataclass(frozen=True)
class Targets:
    """The model groups of one list, in order, and where it stands."""

    groups: tuple[str, ...]
    place: str = field(compare=False)


@dataclass(frozen=True)
class FallbackLists:
    """The lists of one setting. An alias has its own or none: that of its group is not its."""

    by_name: Mapping[str, Targets]

    def after(self, name: str) -> Targets | None:
        """The list of a name, with its provider in front or without, else that for all names."""
        return self._own(name) or self.by_name.get(ANY_NAME)

    def is_own(self, name: str) -> bool:
        return self._own(name) is not None

    def goes_by_that_for_all(self, name: str) -> bool:
        return ANY_NAME in self.by_name and not self.is_own(name)

    def _own(self, name: str) -> Targets | None:
        provider, _, bare = name.partition("/")
        if name in self.by_name:
            return self.by_name[name]
        if bare:
            return self.by_name.get(bare) if provider in PROVIDERS else None
        return self._without_provider.get(name)

    @cached_property
    def _without_provider(self) -> dict[str, Targets]:
        parted = ((name.partition("/"), targets) for name, targets in self.by_name.items())
        return {bare: targets for (provider, _, bare), targets in parted if provider in PROVIDERS}


def _alike(name: str) -> tuple[str, ...]:
    """Names whose lists LiteLLM takes for one that has none: without its provider, or with it."""
    provider, _, bare = name.partition("/")
    if bare:
        return (bare,) if provider in PROVIDERS else ()
    return tuple(f"{provider}/{name}" for provider in PROVIDERS)


def lists_of(
    settings: Mapping[str, Place], key: str, groups: Groups, losses: Losses
) -> FallbackLists:
    """LiteLLM takes the first list of a name, and the last of those for all names."""
    place = settings.get(key)
    listed = [
        entry
        for item in (place.items(of="objects") if place and place.value is not None else ())
        for entry in item.members()
    ]
    for_all = settings.get("default_fallbacks")
    if key == LISTS[0] and for_all is not None and for_all.value is not None:
        listed.append((ANY_NAME, for_all))
    reading = _Lists(groups, {name for name, _ in listed}, losses)
    for name, targets in listed:
        reading.read(name, targets)
    reading.tell_alike()
    return FallbackLists(reading.found)


class _Lists:
    """Gathers the lists of one setting; ``told`` are the names that have one."""

    def __init__(self, groups: Groups, told: set[str], losses: Losses) -> None:
        self.groups = groups
        self.told = told
        self.asked = {key for name in groups.names() for key in (name, *_alike(name))}
        self.losses = losses
        self.found: dict[str, Targets] = {}

    def read(self, name: str, place: Place) -> None:
        items = place.items(of="model groups")
        if name in self.found and name != ANY_NAME:
            self.losses.dropped(
                place.pointer, f"LiteLLM takes the first list of “{name}” and not this one."
            )
            return
        if name != ANY_NAME and name not in self.asked:
            self.losses.dropped(place.pointer, nobody_called(name, self.groups))
            return
        if name in self.found:
            self.losses.dropped(
                self.found[name].place, "LiteLLM takes the last list for all names, not this one."
            )
        targets = [self._target(name, item) for item in items]
        self.found[name] = Targets(tuple(filter(None, targets)), place.pointer)

    def tell_alike(self) -> None:
        """LiteLLM knows more providers than are known here, and guesses those that are not told."""
        for name in self.groups.names():
            bare = name.partition("/")[2]
            keys = () if name in self.found else (bare, *_alike(name))
            for key in keys:
                if key in self.found:
                    taken = "is" if key in _alike(name) else "is not"
                    self.losses.approximated(
                        self.found[key].place,
                        f"LiteLLM takes the list of “{key}” for “{name}”, too, where it knows the "
                        f"provider; here it {taken} taken.",
                    )

    def _target(self, after: str, place: Place) -> str | None:
        """The group that a target means; None where there is none."""
        name = place.value
        if isinstance(name, dict):
            for other in name:
                if other != "model":
                    self.losses.caller(
                        place.child(other, None).pointer, "Parameters are the caller's to send."
                    )
            name = name.get("model")
        if not isinstance(name, str):
            place.report("must be a model_name of the model_list or an alias")
            return None
        group = self.groups.group(name)
        if group is None and name in self.told:
            self.losses.approximated(
                place.pointer,
                f"After “{after}” LiteLLM goes on by the list of “{name}”, which is no model "
                "group; that list is left out.",
            )
        elif group is None:
            self.losses.dropped(place.pointer, nobody_called(name, self.groups))
        elif group != name:
            self.losses.approximated(place.pointer, called_again(group, name))
        return group


def called_again(group: str, alias: str) -> str:
    """What is said of a group that is met by two names, of which LiteLLM knows no connection."""
    return (
        f"Where “{group}” has failed already, LiteLLM calls it again as “{alias}”; here no model "
        "is gone back to."
    )
