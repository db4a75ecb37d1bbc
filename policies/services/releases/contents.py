"""What a release's content went through in its environment, under whatever numbers it was there."""

from __future__ import annotations

from django.db.models import Q

from policies.models import Release, Review, ReviewDebt
from policies.models.changes import ReviewVerdict
from policies.models.protection import Settlement
from policies.models.releases import ReleaseKind

# With its approvals: in the ordinary way, or past something else than they, or given afterwards.
REVIEWED = (
    Q(kind=ReleaseKind.PUBLICATION)
    | Q(kind=ReleaseKind.BREAK_GLASS, debt=None)
    | Q(debt__settlement=Settlement.APPROVED)
)


def reviewed_release(release: Release) -> Release | None:
    """The release as which this content was last published here with all its approvals, or got
    them afterwards; None where that never happened.
    """
    rows = Release.objects.with_content_of(release).filter(REVIEWED).select_related("debt")
    return rows.order_by("-number").first()


def approvers_of(release: Release) -> list[str] | None:
    """User names of those who approved this content then; None where nobody did."""
    found = reviewed_release(release)
    if found is None:
        return None
    debt: ReviewDebt | None = getattr(found, "debt", None)
    return found.approved_by if debt is None else _afterwards(debt)


def _afterwards(debt: ReviewDebt) -> list[str]:
    given = Review.objects.standing().filter(
        change=debt.change_id,
        verdict=ReviewVerdict.APPROVE,
        subject_digest=debt.subject_digest,
    )
    return list(given.values_list("reviewer__username", flat=True))


def debt_of(release: Release) -> ReviewDebt | None:
    """What is owed for this content, whichever number it went out under; else what its own
    publication owed once.
    """
    rows = ReviewDebt.objects.with_related()
    owed = rows.open().of_content(release).order_by("pk").first()
    return owed or rows.filter(release=release).first()
