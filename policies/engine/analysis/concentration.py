"""How much hangs on single providers: Herfindahl-Hirschman indices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..bundle import Bundle
from .chains import Chain
from .findings import INFO, WARNING, Finding, name_of


@dataclass(frozen=True, slots=True)
class Concentration:
    """Models by provider, each counted once: those that rules choose first, and those that
    failures lead to. An index is the sum of squared shares, from 1/providers to 1; 0 for none.
    """

    primaries: Mapping[str, int]
    destinations: Mapping[str, int]

    @property
    def primary_index(self) -> float:
        return index_of(self.primaries.values())

    @property
    def destination_index(self) -> float:
        return index_of(self.destinations.values())


def index_of(counts: Iterable[int]) -> float:
    """Σ (count / total)²; 0 where there is nothing."""
    numbers = list(counts)
    total = sum(numbers)
    return sum((number / total) ** 2 for number in numbers) if total else 0.0


def concentration_of(bundle: Bundle, chains: Sequence[Chain]) -> Concentration:
    first = {chain.model for chain in chains}
    later = {target for chain in chains for target in chain.targets}
    return Concentration(_by_provider(bundle, first), _by_provider(bundle, later))


def _by_provider(bundle: Bundle, names: Iterable[str]) -> dict[str, int]:
    models = bundle.catalogue.models
    return dict(sorted(Counter(models[name].provider for name in names).items()))


def concentration_findings(found: Concentration) -> Iterator[Finding]:
    """One finding where all first choices are at one provider; a warning if no fallback leaves it,
    although the policy names several models there.
    """
    if len(found.primaries) != 1:
        return
    provider, first = next(iter(found.primaries.items()))
    leaves = bool(set(found.destinations) - {provider})
    several = first + found.destinations.get(provider, 0) > 1
    others = (
        f"fallbacks lead to {', '.join(found.destinations)}"
        if leaves
        else ("no fallback leads elsewhere")
    )
    yield Finding(
        kind="single_provider",
        name=name_of("single_provider", provider),
        severity=WARNING if several and not leaves else INFO,
        pointer="/router_policy",
        sentence=(
            f"Every first choice is at {provider} (concentration {found.primary_index:.2f}); "
            f"{others}."
        ),
        related=("/fallback_matrix",),
    )
