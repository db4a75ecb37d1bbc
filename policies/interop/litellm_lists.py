"""Where a LiteLLM configuration goes after a failure: lists by the name that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.engine.reading import Place
from policies.interop.litellm_groups import Groups, nobody_called
from policies.interop.losses import Losses

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
        if name in self.by_name:
            return self.by_name[name]
        alike = [key for key in self.by_name if _is_alike(key, name)]
        return self.by_name[alike[-1]] if alike else None


def _is_alike(one: str, other: str) -> bool:
    return other.partition("/")[2] == one or one.partition("/")[2] == other


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
    return FallbackLists(reading.found)


class _Lists:
    """Gathers the lists of one setting; ``told`` are the names that have one."""

    def __init__(self, groups: Groups, told: set[str], losses: Losses) -> None:
        self.groups = groups
        self.told = told
        self.losses = losses
        self.found: dict[str, Targets] = {}

    def read(self, name: str, place: Place) -> None:
        items = place.items(of="model groups")
        if name in self.found and name != ANY_NAME:
            self.losses.dropped(
                place.pointer, f"LiteLLM takes the first list of “{name}” and not this one."
            )
            return
        if not self._is_asked_for(name):
            self.losses.dropped(place.pointer, nobody_called(name, self.groups))
            return
        if name in self.found:
            self.losses.dropped(
                self.found[name].place, "LiteLLM takes the last list for all names, not this one."
            )
        targets = [self._target(name, item) for item in items]
        self.found[name] = Targets(tuple(filter(None, targets)), place.pointer)

    def _is_asked_for(self, name: str) -> bool:
        return name == ANY_NAME or any(
            name == own or _is_alike(name, own) for own in self.groups.names()
        )

    def _target(self, after: str, place: Place) -> str | None:
        """The group that a target means; None where there is none."""
        name = place.value
        if isinstance(name, dict):
            for other in set(name) - {"model"}:
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
        return group
