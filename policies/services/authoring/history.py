"""Every saved revision of a draft's documents: kept, thinned out with care, walked back and forth.

Undo and redo write too: what was there before comes back as a new revision, and what was undone
stays in the history. Where undo and redo lead is told from the history alone, as an editor's two
stacks would tell it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from policies.models import Draft, DraftDocument, DraftRevision

KEPT_WHOLE = 200  # the newest of a document, every one of which is kept
SESSION_PAUSE = datetime.timedelta(minutes=5)
Step = DraftRevision.Step


@dataclass(frozen=True)
class Reach:
    """The revisions that undo and redo would bring back; None where there is nothing to bring."""

    undo: int | None = None
    redo: int | None = None


def as_saved(
    row: DraftDocument, step: str = Step.SAVED, source: int | None = None
) -> DraftRevision:
    """The revision that a document stands at, not yet in the database."""
    return DraftRevision(
        draft=row.draft,
        kind=row.kind,
        revision=row.revision,
        document=row.document,
        step=step,
        source=source,
        saved_by=row.updated_by,
    )


def keep(row: DraftDocument, step: str, source: int | None) -> None:
    """Add what was just saved. Must run under the draft's lock, inside the save's transaction."""
    as_saved(row, step, source).save(force_insert=True)
    _thin_out(row.draft, row.kind)


def reach(draft: Draft, kind: str) -> Reach:
    """Where undo and redo lead from here."""
    rows = DraftRevision.objects.filter(draft=draft, kind=kind).order_by("revision")
    return reach_of(rows.values_list("revision", "step", "source"))


def reach_of(steps: Iterable[tuple[int, str, int | None]]) -> Reach:
    """The same from (revision, step, source) in order. Pure; revisions may be missing."""
    behind: list[int] = []
    ahead: list[int] = []
    here: int | None = None
    for revision, step, source in steps:
        if step == Step.UNDONE and source in behind and here is not None:
            ahead.append(here)
            while behind.pop() != source:
                pass
            here = source
        elif step == Step.REDONE and source in ahead and here is not None:
            behind.append(here)
            while ahead.pop() != source:
                pass
            here = source
        else:
            behind, ahead = [*behind, *([] if here is None else [here])], []
            here = revision
    return Reach(behind[-1] if behind else None, ahead[-1] if ahead else None)


def _thin_out(draft: Draft, kind: str) -> None:
    """Beyond the newest, keep one revision for every pause: whoever saves while typing leaves
    hundreds. The first of a session, which is what undoing the session leads to, always stays.
    """
    rows = DraftRevision.objects.filter(draft=draft, kind=kind).order_by("-revision")
    old = list(rows.values_list("pk", "saved_by", "saved_at")[KEPT_WHOLE : KEPT_WHOLE + 2])
    # Each save pushes one row over the edge; the one before it has been judged already.
    spare = [
        pk
        for (pk, person, moment), (_, person_before, moment_before) in pairwise(old)
        if person == person_before and moment - moment_before < SESSION_PAUSE
    ]
    if spare:
        DraftRevision.objects.filter(pk__in=spare).delete()
