"""What can be said of a bundle without traffic: the engine's findings in a form to keep."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

from policies.engine import DocumentError, digest, parse_bundle
from policies.engine import analysis as engine_analysis

# So many findings of one kind are listed one by one; more than that nobody reads.
MOST_LISTED = 100
TAKEN_OF_A_DIGEST = 12
# Contents whose findings a process keeps at hand.
KEPT = 64


@dataclass(frozen=True)
class Finding:
    """One thing found. ``name`` is stable for the same place, so that it can be acknowledged.

    ``severity``: an error blocks, a warning has to be acknowledged, an info is only told.
    ``witness`` is a request in the form of ``parse_request`` that shows what the sentence says;
    ``related`` holds further pointers and ``rules`` the ids of the rules concerned.
    """

    name: str
    severity: str
    pointer: str
    sentence: str
    kind: str = "document"
    related: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    witness: dict[str, Any] | None = None

    @property
    def is_error(self) -> bool:
        return self.severity == engine_analysis.ERROR

    @property
    def is_warning(self) -> bool:
        return self.severity == engine_analysis.WARNING

    @property
    def share_place(self) -> str:
        """By what a page tells where the finding's share of traffic goes: part of an element's
        id, the same however many other findings come and go.
        """
        return digest(self.name).removeprefix("sha256:")[:TAKEN_OF_A_DIGEST]

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        kept = asdict(self)
        return {**kept, "related": list(self.related), "rules": list(self.rules)}


def findings_of(content: dict[str, Any]) -> list[Finding]:
    """All that is found in a composed bundle, errors first.

    Where the four documents do not fit together, that is what is found, and nothing else. The
    same content is looked at once: an editor asks several times, and an approval or publication
    holds locks meanwhile.
    """
    return list(_findings_of_text(json.dumps(content)))


@lru_cache(maxsize=KEPT)
def _findings_of_text(text: str) -> tuple[Finding, ...]:
    try:
        bundle = parse_bundle(json.loads(text))
    except DocumentError as error:
        return tuple(
            Finding(
                f"document:{problem.pointer}",
                engine_analysis.ERROR,
                problem.pointer,
                problem.message,
            )
            for problem in error.problems
        )
    return tuple(_folded(_kept(found) for found in engine_analysis.analyse(bundle).findings))


def _kept(found: engine_analysis.Finding) -> Finding:
    return Finding(
        name=found.name,
        severity=found.severity,
        pointer=found.pointer,
        sentence=found.sentence,
        kind=found.kind,
        related=found.related,
        rules=found.rules,
        witness=found.witness,
    )


def _folded(findings: Iterable[Finding]) -> Iterable[Finding]:
    """The first of each kind one by one, the rest as one that stands for exactly these."""
    ordered = sorted(findings, key=_severity_and_kind)
    for _, group in groupby(ordered, key=_severity_and_kind):
        alike = list(group)
        yield from alike[:MOST_LISTED]
        rest = alike[MOST_LISTED:]
        if rest:
            yield _standing_for(rest)


def _severity_and_kind(finding: Finding) -> tuple[int, str]:
    return engine_analysis.SEVERITIES.index(finding.severity), finding.kind


def _standing_for(rest: list[Finding]) -> Finding:
    """Its name is that of exactly these, so that what is new among them is not yet acknowledged."""
    first = rest[0]
    names = digest([finding.name for finding in rest]).removeprefix("sha256:")
    word = first.kind.replace("_", " ")
    return Finding(
        name=f"more:{first.kind}:{names[:TAKEN_OF_A_DIGEST]}",
        severity=first.severity,
        pointer=first.pointer,
        sentence=f"{len(rest)} more findings of the kind “{word}” are not listed one by one.",
        kind=first.kind,
    )
