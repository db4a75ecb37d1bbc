"""What the analysis says: findings, each with a name that unrelated edits do not change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..canonical import canonical_bytes
from .regions import Region

ERROR, WARNING, INFO = "error", "warning", "info"
SEVERITIES = (ERROR, WARNING, INFO)

Witness = dict[str, object]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a bundle.

    ``kind`` says what it is; ``name`` adds the rules, classes or models concerned, and is what an
    author acknowledges. ``pointer`` and ``related`` point into the bundle. ``witness`` is a
    request in the form of ``parse_request`` for which ``decide`` shows what the sentence says;
    ``region`` tells which requests are concerned.
    """

    kind: str
    name: str
    severity: str
    pointer: str
    sentence: str
    related: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    witness: Witness | None = None
    region: Region | None = field(default=None, repr=False)


def name_of(kind: str, *parts: str) -> str:
    """``kind:part:part``."""
    return ":".join((kind, *parts))


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, then warnings, then the rest; else in the order of the documents."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))


def listed(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def written(witness: Witness) -> str:
    """A witness on one line, as it is quoted in sentences."""
    return canonical_bytes(witness["attributes"]).decode()
