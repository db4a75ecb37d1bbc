"""Emergency publication: what it may skip, what it may not, and the debt it leaves."""

import pytest
from django.contrib.auth.models import User

from policies.governance.refusals import Refused
from policies.governance.roles import Role
from policies.governance.transitions import State
from policies.models import AuditEvent, ChangeRequest, Environment, Release, ReviewDebt
from policies.notifications.events import Event
from policies.services import audit
from policies.services.news import news
from policies.services.releases import breaking_glass, publication
from policies.services.review import changes, reviews
from policies.services.teams.members import add_member
from tests.policies.steps import REASON, approved, documents, in_review, now, proposed, published

URGENT = "Every call to Acme fails."


def broken(change: ChangeRequest, operator: User) -> ReviewDebt:
    breaking_glass.break_glass(change, URGENT, acting_user=operator)
    return ReviewDebt.objects.get()


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
        breaking_glass.approve_afterwards(change, REASON, acting_user=reviewer)
    assert again.value.codes == ("done",)
    breaking_glass.approve_afterwards(change, REASON, acting_user=owner)
    debt.refresh_from_db()
    assert (debt.is_open, debt.settlement, debt.settled_by) == (False, "approved", owner)
    with pytest.raises(Refused) as late:
        breaking_glass.approve_afterwards(change, REASON, acting_user=owner)
    assert late.value.codes == ("debt",)
    assert list(audit.breaks()) == []


def test_debt__is_not_paid_by_who_worked_on_it(
    staging: Environment, author: User, operator: User, co_author: User
) -> None:
    change = in_review(staging, author)
    change.contributors.add(co_author)
    broken(change, operator)
    with pytest.raises(Refused) as refusal:
        breaking_glass.approve_afterwards(change, REASON, acting_user=co_author)
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


@pytest.mark.parametrize("name", ["author", "reviewer", "viewer", "outsider"])
def test_without_the_right__nobody_breaks_the_glass(
    staging: Environment, author: User, request: pytest.FixtureRequest, name: str
) -> None:
    change = in_review(staging, author)
    with pytest.raises(Refused) as refusal:
        breaking_glass.break_glass(change, URGENT, acting_user=request.getfixturevalue(name))
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
        breaking_glass.break_glass(change, "", acting_user=operator)
    assert silent.value.codes == ("reason",)
    approved(change, owner)
    with pytest.raises(Refused) as needless:
        breaking_glass.break_glass(change, URGENT, acting_user=operator)
    assert needless.value.codes == ("not_needed",)


def test_closed_change__cannot_go_out_by_breaking_glass(
    staging: Environment, author: User, operator: User, reviewer: User
) -> None:
    change = in_review(staging, author)
    reviews.reject(change, "No.", acting_user=reviewer)
    with pytest.raises(Refused) as refusal:
        breaking_glass.break_glass(change, URGENT, acting_user=operator)
    assert refusal.value.codes == ("state",)


def test_objection_passed_over__keeps_the_debt_open_until_it_is_taken_back(
    staging: Environment, author: User, operator: User, owner: User, reviewer: User
) -> None:
    change = in_review(staging, author)
    reviews.request_changes(change, "Too bold.", acting_user=reviewer)
    debt = broken(change, operator)
    breaking_glass.approve_afterwards(change, REASON, acting_user=owner)
    debt.refresh_from_db()
    assert debt.is_open
    breaking_glass.approve_afterwards(change, "It held.", acting_user=reviewer)
    debt.refresh_from_db()
    assert not debt.is_open


def test_debts__are_shown_to_the_team_only(
    staging: Environment, author: User, operator: User, outsider: User
) -> None:
    broken(in_review(staging, author), operator)
    assert breaking_glass.open_debts(author).count() == 1
    assert breaking_glass.open_debts(outsider).count() == 0
    assert changes.active_release(staging) is not None
