"""Questions that took more work than allowed: said openly, never answered by a guess."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .findings import INFO, Finding, name_of
from .solver import Undecided

SHOWN = 3


class Ledger:
    """Collects the questions given up, by what they ask."""

    def __init__(self) -> None:
        self._given_up: dict[tuple[str, str], list[str]] = {}

    @contextmanager
    def question(self, kind: str, component: str, about: str) -> Iterator[None]:
        """Ends quietly where the question inside is given up, having noted it."""
        try:
            yield
        except Undecided:
            self._given_up.setdefault((kind, component), []).append(about)

    def findings(self) -> Iterator[Finding]:
        for (kind, component), about in self._given_up.items():
            shown = "; ".join(about[:SHOWN]) + ("; …" if len(about) > SHOWN else "")
            yield Finding(
                kind="not_decided",
                name=name_of("not_decided", kind, component),
                severity=INFO,
                pointer=f"/{component}",
                sentence=(
                    f'Whether there is a finding "{kind}" was not decided for {len(about)} '
                    f"places, whose conditions are too entangled for the work allowed: {shown}."
                ),
            )
