"""What the catalogue says of the models that a bundle names, now and before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What a decision, an estimate or a gate can depend on; a label is only shown.
FACTS = (
    "provider",
    "context_window",
    "regions",
    "capabilities",
    "status",
    "input_usd_per_mtok",
    "output_usd_per_mtok",
    "price_tiers",
)
WORDS = {
    "context_window": "context window (tokens)",
    "input_usd_per_mtok": "price of input (USD per million tokens)",
    "output_usd_per_mtok": "price of output (USD per million tokens)",
    "retires_on": "retires on",
    "price_tiers": "prices of longer requests",
    "tiers": "prices of longer requests",
    "windows": "prices by hour",
}


@dataclass(frozen=True)
class FactChange:
    """One fact of one model, in words on both sides; None where the model is not there."""

    model: str
    fact: str
    before: str | None
    after: str | None

    @property
    def sentence(self) -> str:
        if self.before is None or self.after is None:
            return f"{self.model} is {'new' if self.before is None else 'gone'}."
        return f"{self.model}: {self.fact} {self.before} → {self.after}."


def fact_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FactChange]:
    """Facts that differ of the models which both catalogue documents name, by model and fact."""
    found: list[FactChange] = []
    old, new = before["models"], after["models"]
    for model in sorted(old.keys() & new.keys()):
        found += changes_of(model, old[model], new[model], FACTS)
    return found


def missing_models(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FactChange]:
    """Models of `before` that `after` does not have."""
    gone = sorted(before["models"].keys() - after["models"].keys())
    return [FactChange(model, "", "there", None) for model in gone]


def changes_of(
    model: str, old: Mapping[str, Any], new: Mapping[str, Any], facts: tuple[str, ...]
) -> list[FactChange]:
    """Which of these facts differ between two entries of one model."""
    return [
        FactChange(model, WORDS.get(fact, fact), told(old.get(fact)), told(new.get(fact)))
        for fact in facts
        if old.get(fact) != new.get(fact)
    ]


def told(value: object) -> str:
    """A fact as people read it."""
    if isinstance(value, list | tuple):
        return ", ".join(map(told, value)) or "none"
    if isinstance(value, dict):
        return " ".join(f"{name.replace('_', ' ')} {told(inner)}" for name, inner in value.items())
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value in (None, "") else str(value)
