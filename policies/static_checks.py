"""What can be said of a bundle without traffic: the engine's findings in a form to keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from policies.engine import DocumentError, parse_bundle


@dataclass(frozen=True)
class Finding:
    """One thing found. `name` is stable for the same place, so that it can be acknowledged."""

    name: str
    severity: str
    pointer: str
    sentence: str

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "severity": self.severity,
            "pointer": self.pointer,
            "sentence": self.sentence,
        }


def findings_of(content: dict[str, Any]) -> list[Finding]:
    """Errors of a composed bundle; an empty list means that the four documents fit together."""
    try:
        parse_bundle(content)
    except DocumentError as error:
        return [
            Finding(f"document:{problem.pointer}", "error", problem.pointer, problem.message)
            for problem in error.problems
        ]
    return []
