"""Which models of a bundle a dataset records calls of: what can be measured on it, and what not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from evaluations.replay.wording import count
from policies.engine import Bundle

NAMED = 4


@dataclass(frozen=True)
class RecordedModels:
    """`named`: models of the bundle; `missing`: those of them that the dataset never records;
    `there`: how many models the dataset records.
    """

    named: int
    missing: tuple[str, ...]
    there: int

    @property
    def is_none(self) -> bool:
        """Whether nothing can be measured."""
        return len(self.missing) == self.named

    def sentence(self, whose: str, dataset: str) -> str:
        """`whose` models they are ("the candidate"), and what the dataset is called."""
        is_one, there = self.named == 1, self.named - len(self.missing)
        models = f"model of {whose}" if is_one else f"{count(self.named)} models of {whose}"
        if self.is_none:
            none = f"The one {models} is not" if is_one else f"None of the {models} is"
            known = f"among the {count(self.there)} that {dataset} records"
            return f"{none} {known}, so nothing can be compared."
        if self.missing:
            verb = "was" if there == 1 else "were"
            return f"{there} of {models} {verb} recorded; missing: {self._missing()}."
        return f"The one {models} was recorded." if is_one else f"All {models} were recorded."

    def _missing(self) -> str:
        left = len(self.missing) - NAMED
        more = f" and {left} more" if left > 0 else ""
        return f"{', '.join(self.missing[:NAMED])}{more}"


def recorded_models(bundle: Bundle, models: Collection[str]) -> RecordedModels:
    """What of the models that a bundle names is among those that a dataset records."""
    named = bundle.model_names()
    return RecordedModels(len(named), tuple(sorted(named.difference(models))), len(models))


@dataclass(frozen=True)
class Told:
    """What is said of a dataset before a run on it; `is_none` where it can show nothing."""

    sentence: str
    is_none: bool


def told_before(sides: Sequence[tuple[str, Bundle]], models: Collection[str]) -> tuple[Told, ...]:
    """Of the first side whatever there is, of the others only what is missing. Each is whose
    models they are and the bundle; `models` are those of the dataset.
    """
    said: list[Told] = []
    for whose, bundle in sides:
        found = recorded_models(bundle, models)
        if found.missing or not said:
            said.append(Told(found.sentence(whose, "it"), found.is_none))
        if found.is_none:
            break
    return tuple(said)
