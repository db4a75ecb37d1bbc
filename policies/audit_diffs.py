"""What an audit row changed, nested: components within content, members within details."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.differences import Change, describe_difference
from policies.models import AuditEvent, Bundle
from policies.models.components import ComponentKind


@dataclass(frozen=True)
class ComponentDiff:
    """One component of two contents: the versions, and what lies between them in words."""

    label: str
    before: int
    after: int
    changes: list[Change]


def content_diffs(event: AuditEvent) -> list[ComponentDiff]:
    """By component, where the row's digests before and after name two bundles; else nothing."""
    if not (event.before and event.after and event.workflow_id):
        return []
    bundles = Bundle.objects.filter(
        workflow=event.workflow_id, digest__in=(event.before, event.after)
    ).select_related(*ComponentKind.values)
    by_digest = {bundle.digest: bundle for bundle in bundles}
    if len(by_digest) < 2:
        return []
    old, new = by_digest[event.before].versions, by_digest[event.after].versions
    return [
        ComponentDiff(
            ComponentKind(kind).label,
            old[kind].number,
            new[kind].number,
            describe_difference(
                kind,
                old[kind].document,
                new[kind].document,
                classification=new["request_classification"].document,
            ),
        )
        for kind in ComponentKind.values
        if old[kind].pk != new[kind].pk
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
