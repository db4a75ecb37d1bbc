"""What an environment asks of evidence: on which datasets, under which conditions, how fresh. Pure.

Datasets are named by their digests; whoever keeps the rows knows what they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_DATASETS = 10
MOST_REQUESTS = 1_000_000
LONGEST_FRESH_DAYS = 3650
LONGEST_TIMEOUT_MS = 3_600_000
SEALED_LEAST, SEALED_MOST = 0.05, 0.95
ANY_MODEL = "*"


@dataclass(frozen=True, slots=True)
class RequiredDataset:
    """`digest` as ``sha256:<hex>`` says which rows; the name is for people."""

    digest: str
    name: str = ""

    def as_json(self) -> dict[str, str]:
        return {"digest": self.digest, "name": self.name}


@dataclass(frozen=True)
class PlanTerms:
    """What a version of an evidence plan says.

    `adequate_at`: quality 0…1 from which an answer is good enough. `timeout_ms`: time limits by
    model, "*" for all others. A gate passes only with at least `min_moved` requests that are
    treated differently and `min_clusters` effective conversations. `sealed_share` of the
    conversations of each dataset is read by runs on the plan alone. A run counts for
    `fresh_days` days.
    """

    datasets: tuple[RequiredDataset, ...]
    adequate_at: float = 0.5
    timeout_ms: Mapping[str, float] = field(default_factory=dict)
    min_moved: int = 100
    min_clusters: int = 40
    sealed_share: float = 1 / 3
    fresh_days: int = 30

    @property
    def digests(self) -> tuple[str, ...]:
        return tuple(dataset.digest for dataset in self.datasets)

    def as_json(self) -> dict[str, Any]:
        """As kept in a row, each field under its name."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            **values,
            "datasets": [dataset.as_json() for dataset in self.datasets],
            "timeout_ms": dict(sorted(self.timeout_ms.items())),
        }

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> PlanTerms:
        """Back from `as_json`; raises KeyError or TypeError for anything else."""
        values = {name: kept[name] for name in PlanTerms.__dataclass_fields__}
        datasets = tuple(RequiredDataset(**dataset) for dataset in values["datasets"])
        return PlanTerms(**{**values, "datasets": datasets})


def problems_of(terms: PlanTerms) -> list[tuple[str, str]]:
    """(field, sentence) of everything that cannot be."""
    digests = terms.digests
    bounds = (
        ("adequate_at", 0 < terms.adequate_at <= 1, "must be a quality above 0 and at most 1"),
        ("min_moved", 0 <= terms.min_moved <= MOST_REQUESTS, "must be 0 to 1,000,000 requests"),
        ("min_clusters", 2 <= terms.min_clusters <= MOST_REQUESTS, "must be at least 2"),
        (
            "sealed_share",
            SEALED_LEAST <= terms.sealed_share <= SEALED_MOST,
            "must be between 5 and 95 per cent",
        ),
        ("fresh_days", 1 <= terms.fresh_days <= LONGEST_FRESH_DAYS, "must be 1 to 3650 days"),
        (
            "timeout_ms",
            all(0 < limit <= LONGEST_TIMEOUT_MS for limit in terms.timeout_ms.values()),
            f"must be above 0 and at most {LONGEST_TIMEOUT_MS} ms",
        ),
        ("datasets", bool(digests), "must name at least one dataset"),
        ("datasets", len(digests) <= MOST_DATASETS, f"may name at most {MOST_DATASETS} datasets"),
        ("datasets", len(set(digests)) == len(digests), "must name each dataset once"),
    )
    return [(name, f"{sentence}.") for name, holds, sentence in bounds if not holds]


def weakens(before: PlanTerms | None, after: PlanTerms) -> list[str]:
    """A sentence for each way in which the new plan asks for less, or for what cannot be compared.

    Without a plan nothing passes, so the first one lets something pass that could not before.
    """
    if before is None:
        names = ", ".join(_named(dataset) for dataset in after.datasets)
        return [f"There was no evidence plan, so nothing could pass; now {names} would decide."]
    return [
        *_fewer_datasets(before, after),
        *_other_conditions(before, after),
        *_less(before, after),
    ]


def _named(dataset: RequiredDataset) -> str:
    return f"“{dataset.name}”" if dataset.name else dataset.digest[:19]


def _fewer_datasets(before: PlanTerms, after: PlanTerms) -> Iterator[str]:
    for dataset in before.datasets:
        if dataset.digest not in after.digests:
            yield f"The dataset {_named(dataset)} would no longer be required."


def _other_conditions(before: PlanTerms, after: PlanTerms) -> Iterator[str]:
    """Neither direction is the stricter one for every candidate, so any change counts."""
    if before.adequate_at != after.adequate_at:
        yield (
            f"Answers would count as adequate from quality {after.adequate_at:g} instead of "
            f"{before.adequate_at:g}."
        )
    if dict(before.timeout_ms) != dict(after.timeout_ms):
        yield (
            f"Time limits would be {limits_in_words(after.timeout_ms)} instead of "
            f"{limits_in_words(before.timeout_ms)}."
        )


def _less(before: PlanTerms, after: PlanTerms) -> Iterator[str]:
    if after.min_moved < before.min_moved:
        yield (
            f"{after.min_moved:,} instead of {before.min_moved:,} requests treated differently "
            "would be enough."
        )
    if after.min_clusters < before.min_clusters:
        yield (
            f"{after.min_clusters:,} instead of {before.min_clusters:,} independent conversations "
            "would be enough."
        )
    if after.sealed_share != before.sealed_share:
        # A larger share seals what was open, so what was seen, and perhaps tuned on, would count.
        yield (
            f"{after.sealed_share:.0%} instead of {before.sealed_share:.0%} of the conversations "
            "would be sealed."
        )
    if after.fresh_days > before.fresh_days:
        yield f"A run would count for {after.fresh_days} days instead of {before.fresh_days}."


def limits_in_words(timeout_ms: Mapping[str, float]) -> str:
    """``none``, ``2000 ms``, ``small: 300 ms, other models: 2000 ms``."""
    if not timeout_ms:
        return "none"
    if set(timeout_ms) == {ANY_MODEL}:
        return f"{timeout_ms[ANY_MODEL]:g} ms"
    named = sorted(timeout_ms.items(), key=lambda item: (item[0] == ANY_MODEL, item[0]))
    return ", ".join(f"{_model(model)}: {limit:g} ms" for model, limit in named)


def _model(name: str) -> str:
    return "other models" if name == ANY_MODEL else name


def names_in_words(datasets: Iterable[RequiredDataset]) -> str:
    """``“A” and “B”``."""
    names = [_named(dataset) for dataset in datasets]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
