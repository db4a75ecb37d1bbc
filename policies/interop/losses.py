"""What a translation keeps and what it does not: a list that people read before they rely on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Fidelity(StrEnum):
    """How much of the meaning arrives."""

    EXACT = "exact"
    APPROXIMATED = "approximated"
    DROPPED = "dropped"
    CALLER = "needs the caller"


@dataclass(frozen=True, slots=True)
class Loss:
    """One line of a loss report. ``place`` is a JSON pointer into what was translated."""

    place: str
    fidelity: Fidelity
    sentence: str

    def to_json(self) -> dict[str, str]:
        return {"place": self.place, "fidelity": self.fidelity.value, "sentence": self.sentence}


class Losses:
    """Gathers the report; the same line is told once."""

    def __init__(self) -> None:
        self._found: dict[Loss, None] = {}

    def __iter__(self) -> Iterator[Loss]:
        return iter(self._found)

    def exact(self, place: str, sentence: str) -> None:
        self._tell(place, Fidelity.EXACT, sentence)

    def approximated(self, place: str, sentence: str) -> None:
        self._tell(place, Fidelity.APPROXIMATED, sentence)

    def dropped(self, place: str, sentence: str) -> None:
        self._tell(place, Fidelity.DROPPED, sentence)

    def caller(self, place: str, sentence: str) -> None:
        self._tell(place, Fidelity.CALLER, sentence)

    def _tell(self, place: str, fidelity: Fidelity, sentence: str) -> None:
        self._found[Loss(place, fidelity, sentence)] = None

    def as_tuple(self) -> tuple[Loss, ...]:
        """What is exact last: it needs no reading."""
        return tuple(sorted(self._found, key=lambda loss: loss.fidelity is Fidelity.EXACT))
