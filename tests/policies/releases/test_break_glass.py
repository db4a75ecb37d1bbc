"""Emergency publication: what it may skip, what it may not, and the debt it leaves."""

import pytest
from django.contrib.auth.models import User

from policies.governance.origin import Origin, acting_from
from policies.governance.refusals import Refused
from policies.governance.roles import Role
from policies.governance.transitions import State
from policies.models import AuditEvent, ChangeRequest, Environment, Release, ReviewDebt
from policies.notifications.events import Event
from policies.services import audit
from policies.services.news import news
from policies.services.releases import breaking_glass, contents, publication
from policies.services.review import changes, reviews
from policies.services.teams.members import add_member
from tests.policies.steps import (
    REASON,
    URGENT,
    approved,
    documents,
    glass_broken,
    in_review,
    now,
    proposed,
    published,
    save_and_take_over,
    seen,
)


def broken(change: ChangeRequest, operator: User) -> ReviewDebt:
    glass_broken(change, operator)
    return ReviewDebt.objects.get()


def owing() -> set[int]:
    """Numbers of the releases whose content owes a review."""
    rows = Release.objects.and_what_they_owe()
    return {row.number for row in rows if row.owes_review}  # type: ignore[attr-defined]


def test_unapproved__goes_out_and_leaves_a_debt_that_says_what_was_passed_over(
    production: Environment, author: User, operator: User, owner: User
) -> None:
    change = proposed(production, author)
    debt = broken(change, operator)
    assert debt.release.kind == "break_glass" and debt.release.is_active
    assert now(change).state == State.PUBLISHED
    codes = {reason["code"] for reason in debt.bypassed}
    assert codes == {"check.shadow_evaluation", "approvals", "owner"}
    assert list(Release.objects.that_bypassed_review()) == [debt.release]
    event = AuditEvent.objects.get(action="release.break_glass")
    assert event.detail["reason"] == URGENT
    news.tell_news()
    assert owner.notifications.filter(event=Event.BREAK_GLASS).exists()


def test_debt__is_paid_by_the_missing_approvals_of_those_who_did_not_contribute(
    production: Environment, author: User, operator: User, owner: User, reviewer: User
) -> None:
    change = approved(in_review(production, author), reviewer)
    debt = broken(change, operator)
    with pytest.raises(Refused) as again:
        breaking_glass.approve_afterwards(change, REASON, acting_user=reviewer, seen=seen(change))
    assert again.value.codes == ("done",)
    breaking_glass.approve_afterwards(change, REASON, acting_user=owner, seen=seen(change))
    debt.refresh_from_db()
    assert (debt.is_open, debt.settlement, debt.settled_by) == (False, "approved", owner)
    with pytest.raises(Refused) as late:
        breaking_glass.approve_afterwards(change, REASON, acting_user=owner, seen=seen(change))
    assert late.value.codes == ("debt",)
    assert list(audit.breaks()) == []


def test_debt__is_not_paid_by_who_worked_on_it(
    staging: Environment, author: User, operator: User, co_author: User
) -> None:
    change = in_review(staging, author)
    change.contributors.add(co_author)
    broken(change, operator)
    with pytest.raises(Refused) as refusal:
        breaking_glass.approve_afterwards(change, REASON, acting_user=co_author, seen=seen(change))
    assert refusal.value.codes == ("four_eyes",)
    assert refusal.value.is_forbidden


def test_debt__of_a_release_rolled_back__an_owner_closes_with_a_reason(
    staging: Environment, author: User, operator: User, owner: User
) -> None:
    first = published(staging, author, [owner], owner)
    change = in_review(staging, author, documents(share=50))
    broken(change, operator)
    with pytest.raises(Refused) as active:
        breaking_glass.close_debt(change, REASON, acting_user=owner)
    assert active.value.codes == ("active",)
    publication.roll_back(first, "It made things worse.", acting_user=operator)
    with pytest.raises(Refused):
        breaking_glass.close_debt(change, " ", acting_user=owner)
    debt = breaking_glass.close_debt(change, "Rolled back at once.", acting_user=owner)
    assert debt.settlement == "closed"
    again = publication.why_not_roll_back(debt.release, operator)
    assert [reason.code for reason in again] == ["unreviewed"]


def test_debt__follows_the_content_into_every_later_number(
    staging: Environment, author: User, operator: User, owner: User
) -> None:
    first = published(staging, author, [owner], owner)
    change = in_review(staging, author, documents(share=50))
    debt = broken(change, operator)
    publication.roll_back(first, "It made things worse.", acting_user=operator)
    again = published(staging, author, [owner], owner, documents(share=50))
    assert again.bundle == debt.release.bundle and again != debt.release
    assert contents.debt_of(again) == debt
    with pytest.raises(Refused) as refusal:
        breaking_glass.close_debt(change, REASON, acting_user=owner)
    assert refusal.value.codes == ("active",)
    assert f"Release {again.number}, which is active" in str(refusal.value)
    assert owing() == {debt.release.number, again.number}
    breaking_glass.approve_afterwards(change, REASON, acting_user=owner, seen=seen(change))
    assert owing() == set()


def test_debt__of_content_in_force_in_other_words__is_not_closed_and_owed_by_that_as_well(
    staging: Environment, author: User, operator: User, owner: User
) -> None:
    """Words alone were reviewed since: what the emergency sent out is in force, unreviewed."""
    published(staging, author, [owner], owner)
    change = in_review(staging, author, documents(share=50))
    debt = broken(change, operator)
    content = documents(share=50)
    content["request_classification"]["classes"][0]["label"] = "Easy"
    reworded = published(staging, author, [owner], owner, content)
    with pytest.raises(Refused, match="active, asks for the same in other words") as refusal:
        breaking_glass.close_debt(change, REASON, acting_user=owner)
    assert refusal.value.codes == ("active",)
    assert owing() == {debt.release.number, reworded.number}
    assert contents.debt_of(reworded) == debt
    published(staging, author, [owner], owner, documents(share=80))
    breaking_glass.close_debt(change, "Replaced for good.", acting_user=owner)


def test_debt__is_not_closed_by_who_broke_the_glass(
    staging: Environment, author: User, owner: User, administrator: User
) -> None:
    first = published(staging, author, [owner], owner)
    change = in_review(staging, author, documents(share=50))
    broken(change, owner)
    publication.roll_back(first, "Worse.", acting_user=owner)
    with pytest.raises(Refused) as refusal:
        breaking_glass.close_debt(change, REASON, acting_user=owner)
    assert refusal.value.codes == ("four_eyes",)
    add_member(staging.workflow.team, administrator, Role.OWNER, acting_user=administrator)
    breaking_glass.close_debt(change, REASON, acting_user=administrator)


@pytest.mark.parametrize("name", ["co_author", "reviewer", "viewer", "outsider"])
def test_without_the_right__nobody_breaks_the_glass(
    staging: Environment, author: User, request: pytest.FixtureRequest, name: str
) -> None:
    change = in_review(staging, author)
    with pytest.raises(Refused) as refusal:
        glass_broken(change, request.getfixturevalue(name))
    assert refusal.value.codes == ("role",)
    assert not Release.objects.exists()


def test_administrator__may_break_the_glass(
    staging: Environment, author: User, administrator: User
) -> None:
    assert broken(in_review(staging, author), administrator).is_open


def test_without_a_reason_or_need__is_refused(
    staging: Environment, author: User, owner: User, operator: User
) -> None:
    change = in_review(staging, author)
    with pytest.raises(Refused) as silent:
        glass_broken(change, operator, "")
    assert silent.value.codes == ("reason",)
    approved(change, owner)
    with pytest.raises(Refused) as needless:
        glass_broken(change, operator)
    assert needless.value.codes == ("not_needed",)


def test_closed_change__cannot_go_out_by_breaking_glass(
    staging: Environment, author: User, operator: User, reviewer: User
) -> None:
    change = in_review(staging, author)
    reviews.reject(change, "No.", acting_user=reviewer, seen=seen(change))
    with pytest.raises(Refused) as refusal:
        glass_broken(change, operator)
    assert refusal.value.codes == ("state",)


def test_objection_passed_over__keeps_the_debt_open_until_it_is_taken_back(
    staging: Environment, author: User, operator: User, owner: User, reviewer: User
) -> None:
    change = in_review(staging, author)
    reviews.request_changes(change, "Too bold.", acting_user=reviewer, seen=seen(change))
    debt = broken(change, operator)
    breaking_glass.approve_afterwards(change, REASON, acting_user=owner, seen=seen(change))
    debt.refresh_from_db()
    assert debt.is_open
    breaking_glass.approve_afterwards(change, "It held.", acting_user=reviewer, seen=seen(change))
    debt.refresh_from_db()
    assert not debt.is_open


@pytest.mark.parametrize(
    "reason",
    [
        ".",
        "Urgent, please, now.",
        "It is broken.",
        "now now now now now now now",
        "Shift traffic",
        "It is cheaper, and as good!",
    ],
)
def test_reason_that_says_too_little__is_refused(
    staging: Environment, author: User, operator: User, reason: str
) -> None:
    change = in_review(staging, author)
    with pytest.raises(Refused) as refusal:
        glass_broken(change, operator, reason)
    assert refusal.value.codes == ("reason",)
    assert not Release.objects.exists()


def test_contributor__may_not_break_the_glass(
    staging: Environment, author: User, administrator: User
) -> None:
    add_member(staging.workflow.team, administrator, Role.AUTHOR, acting_user=administrator)
    change = in_review(staging, author)
    save_and_take_over(change, documents(share=50), administrator)
    with pytest.raises(Refused) as refusal:
        glass_broken(change, administrator)
    assert refusal.value.codes == ("four_eyes",)
    assert not Release.objects.exists()


@pytest.mark.parametrize("way", ["rest", "command", "task", "browser"])
def test_without_a_password_just_entered__is_refused_whatever_the_environment_asks(
    staging: Environment, author: User, operator: User, way: str
) -> None:
    assert not staging.reauthenticate_to_approve
    change = in_review(staging, author)
    with acting_from(Origin(way)), pytest.raises(Refused) as refusal:
        breaking_glass.break_glass(change, URGENT, acting_user=operator)
    (reason,) = refusal.value.reasons
    assert reason.code == "re_authentication"
    assert ("token" in reason.sentence) == (way != "browser")
    assert refusal.value.is_forbidden


def test_debts__are_shown_to_the_team_only(
    staging: Environment, author: User, operator: User, outsider: User
) -> None:
    broken(in_review(staging, author), operator)
    assert breaking_glass.open_debts(author).count() == 1
    assert breaking_glass.open_debts(outsider).count() == 0
    assert changes.active_release(staging) is not None
