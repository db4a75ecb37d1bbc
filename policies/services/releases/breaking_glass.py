"""Emergency publication without its reviews, and the debt that is shown until it is paid."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from policies.governance.reasons import too_little
from policies.governance.refusals import Reason, Refused
from policies.models import ChangeRequest, Release, Review, ReviewDebt
from policies.models.changes import ReviewVerdict
from policies.models.protection import Settlement
from policies.models.releases import ReleaseKind
from policies.services import audit
from policies.services.locking import locked_change, locked_environment
from policies.services.releases.publication import hold_for_publication, put_in_force
from policies.services.review import computed_checks, guards, protection, reviews, standings
from policies.services.review.contributing import worked_on


@transaction.atomic
def break_glass(
    change: ChangeRequest, reason: str, *, acting_user: User, through_freeze: bool = False
) -> Release:
    """Publish now what is not approved. Documents without errors are asked for even here, and that
    it is done by somebody who did not work on it and has just entered their password.

    Inside a freeze, `through_freeze` says that this is meant. What was passed over is kept; where
    approvals are missing, they are owed.
    """
    held = hold_for_publication(change)
    change = held.change
    guards.require_state("break_glass", change, acting_user)
    computed_checks.refresh_computed(change)
    guards.require("break_glass", change, acting_user)
    _require_meant(change, reason, through_freeze)
    situation = guards.Situation(change, acting_user)
    passed_over = guards.bypassed(situation)
    standing = situation.standing
    release = put_in_force(
        held,
        acting_user,
        passed_over=[obstacle.sentence for obstacle in passed_over],
        kind=ReleaseKind.BREAK_GLASS,
        reason=reason.strip(),
    )
    if not standing.is_enough:
        ReviewDebt.objects.create(
            release=release,
            change=change,
            reason=reason.strip(),
            subject_digest=standing.subject_digest,
            bypassed=[obstacle.as_dict() for obstacle in passed_over],
            created_by=acting_user,
            created_at=release.published_at,
        )
    return release


@transaction.atomic
def approve_afterwards(
    change: ChangeRequest, reason: str, *, acting_user: User, seen: str
) -> Review:
    """Give an approval that was missing when it went out; the last of them pays the debt.

    `seen` is the subject digest that the person was shown: that of what went out.
    """
    change = locked_change(change)
    guards.require("approve_afterwards", change, acting_user)
    debt = ReviewDebt.objects.with_related().get(change=change)
    reviews.require_seen(seen, debt.subject_digest)
    review = reviews.say(change, ReviewVerdict.APPROVE, reason, acting_user, debt.subject_digest)
    is_paid = standings.standing_of(change, subject=debt.subject_digest).is_enough
    reviews.note(review, afterwards=True, is_paid=is_paid)
    if is_paid:
        _settle(debt, Settlement.APPROVED, review.reason, acting_user)
    return review


@transaction.atomic
def close_debt(change: ChangeRequest, reason: str, *, acting_user: User) -> ReviewDebt:
    """Write the debt of a release off whose content is not in force any more."""
    locked_environment(change.environment_id)  # what is in force stays so meanwhile
    change = locked_change(change)
    guards.require("close_debt", change, acting_user)
    _require_reason(reason, "Closing a review debt")
    debt = ReviewDebt.objects.with_related().get(change=change)
    return _settle(debt, Settlement.CLOSED, reason.strip(), acting_user)


def open_debts(user: User) -> QuerySet[ReviewDebt]:
    """Debts of this person's workflows that are not paid, the newest first.

    As `may_pay` whether an approval of theirs would count: they review in the team since before it
    was opened, and neither worked on the content nor approved it.
    """
    visible = ChangeRequest.objects.visible_to(user)
    own = ChangeRequest.objects.filter(worked_on(user), pk=OuterRef("change"))
    said = Review.objects.standing().filter(
        change=OuterRef("change"), reviewer=user, verdict=ReviewVerdict.APPROVE
    )
    debts = ReviewDebt.objects.open().with_related().filter(change__in=visible.values("pk"))
    reviews_there = guards.reviewing_since_before(user, "change__")
    return debts.annotate(may_pay=Exists(reviews_there) & ~Exists(own) & ~Exists(said))


def _settle(debt: ReviewDebt, settlement: str, reason: str, acting_user: User) -> ReviewDebt:
    debt.settled_at, debt.settled_by = timezone.now(), acting_user
    debt.settlement, debt.settlement_reason = settlement, reason
    debt.save(update_fields=["settled_at", "settled_by", "settlement", "settlement_reason"])
    change = debt.change
    audit.record_change(
        "debt.paid" if settlement == Settlement.APPROVED else "debt.closed",
        change,
        acting_user=acting_user,
        after=debt.subject_digest,
        detail={"release": debt.release.number, "reason": reason},
    )
    return debt


def _require_meant(change: ChangeRequest, reason: str, through_freeze: bool) -> None:
    """Raise Refused unless the reason says something and a freeze was not overlooked."""
    reasons = []
    short = too_little(reason, change.title, change.why)
    if short is not None:
        reasons.append(short)
    windows = protection.freezes_ahead(change.environment)
    window = protection.freeze_at(windows, timezone.now())
    if window is not None and not through_freeze:
        reasons.append(
            Reason(
                "through_freeze",
                protection.frozen_until(window, change.environment).sentence,
                "Say besides that it shall go out during the freeze.",
            )
        )
    if reasons:
        raise Refused(*reasons)


def _require_reason(reason: str, what: str) -> None:
    if not reason.strip():
        raise Refused(Reason("reason", f"{what} needs a reason.", "Say why in a sentence."))
