"""How many different names outcomes may bring: beyond, a name counts as "other". Pure.

Sums are kept by class, model and release, so whoever could invent those could make as many rows,
and a page as long, as they liked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from evaluations.outcomes.events import Feedback
from policies.engine.outcomes.events import Event
from policies.engine.outcomes.values import OTHER


class NameKind(StrEnum):
    """What a name is of."""

    CLASS = "class"
    MODEL = "model"
    RULE = "rule"
    TENANT = "tenant"


# How many names a token may bring that neither the catalogue nor a release of its environment has.
MOST_NAMES: Mapping[NameKind, int] = {
    NameKind.CLASS: 50,
    NameKind.MODEL: 100,
    NameKind.RULE: 200,
    NameKind.TENANT: 1000,
}
# Field of an event → what it names; those of attempts are models besides.
_FIELDS = {
    "class_key": NameKind.CLASS,
    "labelled_class": NameKind.CLASS,
    "model": NameKind.MODEL,
    "served_model": NameKind.MODEL,
    "rule": NameKind.RULE,
    "tenant": NameKind.TENANT,
}


@dataclass(frozen=True)
class KnownNames:
    """What needs no allowance: what was published in the environment, and the catalogue.

    `digests` are those of its releases; no other counts as a release.
    """

    names: Mapping[NameKind, Collection[str]] = field(default_factory=dict)
    digests: Collection[str] = ()

    def has(self, kind: NameKind, name: str) -> bool:
        return not name or name == OTHER or name in self.names.get(kind, ())


Name = tuple[NameKind, str]


def unknown_names(events: Iterable[Event | Feedback], known: KnownNames) -> list[Name]:
    """Names that need an allowance, each once, in the order in which they come."""
    return list(
        dict.fromkeys(
            (kind, name)
            for event in events
            for kind, name in _names_of(event)
            if not known.has(kind, name)
        )
    )


def _names_of(event: Event | Feedback) -> Iterable[Name]:
    if isinstance(event, Feedback):
        yield NameKind.CLASS, event.labelled_class
        return
    for attribute, kind in _FIELDS.items():
        yield kind, getattr(event, attribute) or ""
    for attempt in event.attempts:
        yield NameKind.MODEL, attempt["model"]


def keep_within(
    events: Iterable[Event | Feedback], known: KnownNames, allowed: Callable[[Name], bool]
) -> None:
    """Write "other" in place of each name that is neither known nor allowed."""

    def kept(kind: NameKind, name: str) -> str:
        return name if known.has(kind, name) or allowed((kind, name)) else OTHER

    for event in events:
        if isinstance(event, Feedback):
            event.labelled_class = kept(NameKind.CLASS, event.labelled_class)
            continue
        for attribute, kind in _FIELDS.items():
            name = getattr(event, attribute)
            if name:
                setattr(event, attribute, kept(kind, name))
        for attempt in event.attempts:
            attempt["model"] = kept(NameKind.MODEL, attempt["model"])
        if event.release_digest and event.release_digest not in known.digests:
            event.release_digest = OTHER
