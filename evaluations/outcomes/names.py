"""Whom a name means: answers tell a model by its snapshot, where policies name the model. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

_MONTH, _DAY = r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])"
# gpt-4o-2024-08-06, claude-3-5-sonnet@20240620, command-r-08-2024, gemini-…-05-06, gpt-4-0613,
# mistral-large-2407
_DATE = re.compile(
    rf"[-@](20\d\d-{_MONTH}-{_DAY}|20\d\d{_MONTH}{_DAY}|{_MONTH}-20\d\d|{_MONTH}-{_DAY}"
    rf"|{_MONTH}{_DAY}|\d\d{_MONTH})\Z"
)


def undated(name: str) -> str:
    """The name without the date at its end; the name itself where there is none."""
    return _DATE.sub("", name)


@dataclass(frozen=True)
class Listed:
    """The catalogue's names of models, and which model each alias means."""

    keys: Collection[str] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Names:
    """Finds the model that a told name means. The catalogue is asked for at the first need."""

    read: Callable[[], Listed] = Listed

    @cached_property
    def _listed(self) -> Listed:
        return self.read()

    def tried(self, told: str, chosen: str) -> str:
        """The model of an attempt: a name of the catalogue is meant as it stands."""
        if told == chosen or told in self._listed.keys:
            return told
        return self.answered(told, (chosen,))

    def answered(self, told: str, tried: Collection[str]) -> str:
        """The model that answered: one of those tried, of which it may tell the snapshot."""
        if not told or told in tried:
            return told
        plain, meant = undated(told), self._listed.aliases.get(told)
        for model in (meant, plain):
            if model in tried:
                return str(model)
        if told in self._listed.keys:
            return told
        return meant or (plain if plain in self._listed.keys else told)
