"""What is still needed, each thing told once: people in the list of approvers, the rest below."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from policies.governance.refusals import Reason

# Told by the count of approvals, by the risk rules and by the list of people.
TOLD_ABOVE = frozenset({"approvals", "objection"})


def besides_people(reasons: Sequence[Reason], listed: Collection[str]) -> list[Reason]:
    """Reasons that are not told by the list of approvers; `listed` are the names in it of those
    whom it cannot go without. An owner who is not in it is told.
    """
    return [
        reason
        for reason in reasons
        if reason.code not in TOLD_ABOVE
        and not reason.code.startswith("risk.")
        and not (reason.code == "owner" and reason.sentence.startswith(tuple(listed)))
    ]


def submission(reasons: Sequence[Reason]) -> tuple[list[Reason], bool]:
    """(what has to be fixed before submission, whether that is all that stands in the way)."""
    unfit = [reason for reason in reasons if reason.code.startswith("check.")]
    return unfit, bool(unfit) and len(unfit) == len(reasons)
