"""What lies between the versions of two bundles, by component and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from policies.differences import Change, describe_difference
from policies.engine import COMPONENTS


class Version(Protocol):
    """A numbered document of one component."""

    @property
    def number(self) -> int: ...

    @property
    def document(self) -> Any: ...


@dataclass(frozen=True)
class ComponentDiff:
    """One component of two contents: the versions, and what lies between them in words."""

    label: str
    before: int
    after: int
    changes: list[Change]


def version_diffs(old: Mapping[str, Version], new: Mapping[str, Version]) -> list[ComponentDiff]:
    """The components of which the two bundles hold different versions, in the usual order."""
    return [
        ComponentDiff(
            kind.replace("_", " ").capitalize(),
            old[kind].number,
            new[kind].number,
            describe_difference(
                kind,
                old[kind].document,
                new[kind].document,
                classification=new["request_classification"].document,
            ),
        )
        for kind in COMPONENTS
        if old[kind].number != new[kind].number
    ]


def detail_lines(detail: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The row's own details as (dotted name, plain value), nested ones unfolded."""
    for name, value in detail.items():
        if isinstance(value, Mapping) and value:
            yield from detail_lines(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield f"{prefix}{name}", ", ".join(map(str, value)) or "none"
        else:
            yield f"{prefix}{name}", value
