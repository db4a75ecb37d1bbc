"""When another release became active: what collides with a change request, and merging it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from policies.differences import Change, describe_difference, written_out
from policies.differences.merging import OURS, THEIRS
from policies.differences.three_way import Collision, Merged, merge
from policies.engine import COMPONENTS, DocumentError, Problem
from policies.governance.refusals import Reason, Refused
from policies.models import ChangeRequest, Release
from policies.models.components import ComponentKind
from policies.services.authoring import editing
from policies.services.authoring.bundles import component_problems, problems_of
from policies.services.authoring.proposals import proposed_by
from policies.services.locking import locked_change
from policies.services.review import changes, guards
from policies.services.review.undoing import told, undone_by


@dataclass(frozen=True)
class ComparedComponent:
    """One component, from the base to the active release and to this change request."""

    kind: str
    label: str
    theirs: list[Change]
    merged: Merged

    @property
    def collisions(self) -> list[tuple[str, Collision]]:
        """Each with the name under which a choice settles it."""
        return [(f"{self.kind}:{found.name}", found) for found in self.merged.collisions]


@dataclass(frozen=True)
class Comparison:
    """A change request against what was published since it was compared with its base.

    ``undone`` says what of it the proposed content would undo if it were not merged.
    """

    base: Release
    active: Release
    components: tuple[ComparedComponent, ...]
    undone: list[str]

    @property
    def against(self) -> str:
        """Digest of the content that is active."""
        return self.active.bundle.digest

    @property
    def documents(self) -> dict[str, Any]:
        return {part.kind: part.merged.document for part in self.components}

    @property
    def touched(self) -> list[ComparedComponent]:
        """Components that the active release changed."""
        return [part for part in self.components if part.theirs]

    @property
    def collisions(self) -> list[tuple[str, Collision]]:
        return [pair for part in self.components for pair in part.collisions]

    @property
    def open_collisions(self) -> list[tuple[str, Collision]]:
        return [pair for pair in self.collisions if not pair[1].chosen]

    def problems(self) -> list[Problem]:
        """What would be wrong with the merged documents: a class removed here and used there."""
        return problems_of(self.documents)


def comparison_of(
    change: ChangeRequest, choices: Mapping[str, str] | None = None
) -> Comparison | None:
    """The three-way comparison; None while the base is active still, or where there was none.

    Ours is the draft as it would be proposed where it can be read, else what was proposed.
    """
    base = change.base_release
    if base is None or base.is_active or not change.is_open:
        return None
    active = changes.active_release(change.environment)
    if active is None or active.bundle.digest == base.bundle.digest:
        return None
    active.workflow, active.environment = change.workflow, change.environment
    ours = _our_documents(change)
    compared = tuple(
        _compared(kind, base.bundle.content, ours, active.bundle.content, choices or {})
        for kind in COMPONENTS
    )
    return Comparison(base, active, compared, undone_by(change, active))


@transaction.atomic
def rebase_as_it_is(change: ChangeRequest, *, acting_user: User, undoes: str = "") -> ChangeRequest:
    """Compare with the active release and leave the content alone.

    Where that would undo what the active release changed, `undoes` must be the digest of its
    content: undoing is said, not slipped into. Raises Refused with what would be undone.
    """
    change = locked_change(change)
    guards.require("rebase", change, acting_user)
    active = changes.active_release(change.environment)
    undone = undone_by(change, active)
    if active is not None and undone and undoes != active.bundle.digest:
        raise Refused(
            Reason(
                "undoes",
                f"Rebased as it is, this undoes what release {active.number} changed. "
                f"{told(undone)}",
                "Rebase with merge (POST …/merge/) to keep it. To undo it on purpose, rebase with "
                f"“undoes”: “{active.bundle.digest}”.",
            )
        )
    return changes.rebase(change, acting_user=acting_user, undone=undone)


@transaction.atomic
def rebase_with_merge(
    change: ChangeRequest, choices: Mapping[str, str], against: str, *, acting_user: User
) -> ChangeRequest:
    """Take the active release's changes into the draft, and compare with that release.

    `choices` settles every collision by name ("ours" or "theirs"); `against` is the digest of the
    active content that they were made for. Raises Refused while a collision is open, DocumentError
    when the merged documents do not fit together.
    """
    change = locked_change(change)
    guards.require("rebase", change, acting_user)
    guards.require("edit", change, acting_user)
    draft = change.draft
    if draft is None:
        raise Refused(
            Reason(
                "draft",
                "A promotion carries its content unchanged.",
                "Rebase it as it is, or start a draft.",
            )
        )
    _require_sound_draft(change)
    comparison = comparison_of(change, choices)
    if comparison is None:
        raise Refused(Reason("base", "Its base is what is active; there is nothing to merge."))
    _require_settled(comparison, choices, against)
    for kind, document in comparison.documents.items():
        editing.save_document(draft, kind, document, acting_user=acting_user)
    changes.update_content(change, acting_user=acting_user)
    return changes.rebase(change, acting_user=acting_user)


def _our_documents(change: ChangeRequest) -> Mapping[str, Any]:
    if change.draft is not None:
        saved = proposed_by(change.draft)
        if not component_problems(saved):
            return saved
    content: dict[str, Any] = change.bundle.content
    return content


def _compared(
    kind: str,
    base: Mapping[str, Any],
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    choices: Mapping[str, str],
) -> ComparedComponent:
    versions = [written_out(kind, side[kind]) for side in (base, ours, theirs)]
    own = {
        name.removeprefix(f"{kind}:"): side
        for name, side in choices.items()
        if name.startswith(f"{kind}:")
    }
    return ComparedComponent(
        kind=kind,
        label=ComponentKind(kind).label,
        theirs=describe_difference(
            kind, versions[0], versions[2], classification=theirs["request_classification"]
        ),
        merged=merge(kind, versions[0], versions[1], versions[2], own),
    )


def _require_sound_draft(change: ChangeRequest) -> None:
    """A draft that cannot be read cannot be merged, and nothing of it may be lost."""
    if change.draft is None:
        return
    saved = change.draft.saved_documents()
    problems = component_problems(saved)
    if problems:
        raise DocumentError(problems)


def _require_settled(comparison: Comparison, choices: Mapping[str, str], against: str) -> None:
    if against != comparison.against:
        raise Refused(
            Reason(
                "stale",
                f"Release {comparison.active.number} became active after you looked.",
                "Look at the comparison again, then choose.",
            )
        )
    names = {name for name, _ in comparison.collisions}
    unknown = sorted(set(choices) - names)
    wrong = sorted(name for name, side in choices.items() if side not in (OURS, THEIRS))
    reasons = [
        Reason("collision", f"{found.sentence}", "Choose one of the two.")
        for _, found in comparison.open_collisions
    ]
    reasons += [Reason("choice", f"“{name}” does not collide.") for name in unknown]
    reasons += [
        Reason("choice", f"“{name}” must be ours or theirs.") for name in wrong if name in names
    ]
    if reasons:
        raise Refused(*reasons)
