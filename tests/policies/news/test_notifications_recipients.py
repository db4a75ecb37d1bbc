"""Who is told of what: the right people, never the one who acted, nobody twice."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from policies.governance.permissions import CAPABILITIES
from policies.governance.roles import Role
from policies.models import Environment, Notification, Team, Workflow
from policies.models.components import ComponentKind
from policies.models.teams import Membership
from policies.notifications.announcements import ANNOUNCEMENTS, Group
from policies.notifications.events import Event
from policies.notifications.recipients import Member, Roster, recipients
from policies.services.news.news import tell_news
from policies.services.releases import publication
from policies.services.review import changes, reviews
from policies.services.rules.environments import change_rules
from policies.services.teams.contracts import save_contract
from policies.services.teams.environments import EnvironmentRules
from policies.services.teams.members import add_member
from tests.policies.cast import CONTRACT
from tests.policies.steps import (
    REASON,
    approved,
    documents,
    in_review,
    pass_evaluation,
    proposed,
    published,
    save_and_take_over,
    seen,
)

PEOPLE = st.integers(1, 12)
SOME = st.frozensets(PEOPLE)
LABELS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=3).map(tuple)
OWNED = st.dictionaries(PEOPLE, LABELS, max_size=4)
ROLES = st.frozensets(st.sampled_from(Role.values), min_size=1)


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    """Any team, and any people, members or not, who had to do with what happened."""
    roles = draw(st.dictionaries(PEOPLE, ROLES))
    held = {
        pk: frozenset().union(*(CAPABILITIES[role] for role in given))
        for pk, given in roles.items()
    }
    members = tuple(Member(pk, capabilities) for pk, capabilities in held.items())
    contributors = draw(SOME)
    return Roster(
        members,
        contributors=contributors,
        barred=contributors | draw(SOME),
        owned=draw(OWNED),
        owners_needed=draw(OWNED),
        stand_ins=draw(OWNED),
        satisfied=draw(SOME),
        heard=draw(SOME),
        commenters=draw(SOME),
        voided=draw(SOME),
    )


@given(rosters(), st.sampled_from(ANNOUNCEMENTS), PEOPLE)
def test_recipients__of_anything__are_members_and_never_who_acted(
    roster: Roster, announcement: object, actor: int
) -> None:
    assert isinstance(announcement, type(ANNOUNCEMENTS[0]))
    told = recipients(announcement.audience, roster, actor)
    assert actor not in told
    assert set(told) <= {member.pk for member in roster.members}
    assert all(why.endswith(".") for why in told.values())


@given(rosters(), PEOPLE)
def test_recipients__of_a_review_request__may_all_review_and_owners_come_first(
    roster: Roster, actor: int
) -> None:
    told = list(recipients((Group.OWNERS_ASKED, Group.REVIEWERS_ASKED), roster, actor))
    may = {member.pk for member in roster.members if "review" in member.capabilities}
    assert set(told) == may - roster.barred - roster.satisfied - {actor}
    owners = [pk for pk in told if pk in roster.owners_needed]
    assert told[: len(owners)] == owners
    named = [pk for pk in told if pk in roster.owners_needed or pk in roster.stand_ins]
    assert told[: len(named)] == named


def test_table__every_group__is_known_to_the_recipients() -> None:
    for group in Group:
        assert recipients([group], Roster(()), None) == {}


def told_of(event: Event) -> dict[str, str]:
    """Who was told of an event, and why."""
    tell_news()
    rows = Notification.objects.filter(event=event).select_related("recipient")
    return {row.recipient.username: row.because for row in rows}


def names(told: dict[str, str]) -> set[str]:
    return set(told)


@pytest.fixture
def everybody(
    co_author: User, reviewer: User, operator: User, viewer: User, outsider: User
) -> Iterable[User]:
    return (co_author, reviewer, operator, viewer, outsider)


def test_review_asked__of_all_who_may_review__tells_owners_what_hangs_on_them(
    staging: Environment, author: User, everybody: Iterable[User]
) -> None:
    in_review(staging, author)
    told = told_of(Event.REVIEW_ASKED)
    assert names(told) == {"co_author", "reviewer", "owner"}
    assert "cannot go ahead without you" in told["owner"]
    assert told["reviewer"] == "You may review it."


def test_review_asked__of_a_change_with_a_second_author__does_not_ask_them(
    staging: Environment, author: User, co_author: User, everybody: Iterable[User]
) -> None:
    change = proposed(staging, author)
    change = save_and_take_over(change, documents(share=70), co_author)
    pass_evaluation(change)
    changes.submit(change, acting_user=author)
    assert names(told_of(Event.REVIEW_ASKED)) == {"reviewer", "owner"}


def test_approved__by_the_last_one_needed__tells_contributors_and_who_may_publish(
    production: Environment,
    author: User,
    reviewer: User,
    owner: User,
    everybody: Iterable[User],
) -> None:
    change = approved(in_review(production, author), reviewer)
    assert names(told_of(Event.APPROVED)) == {"author"}
    approved(change, owner)
    tell_news()
    latest = Notification.objects.order_by("-audit_event__sequence")
    rows = latest.filter(event=Event.APPROVED, audit_event__actor=owner)
    assert {row.recipient.username for row in rows} == {"author", "operator"}
    assert all("so it can be published" in row.sentence for row in rows)


def test_changes_asked__and_rejected__tell_those_who_worked_on_it(
    staging: Environment, author: User, reviewer: User, owner: User, everybody: Iterable[User]
) -> None:
    change = in_review(staging, author)
    reviews.request_changes(change, "Too bold.", acting_user=reviewer, seen=seen(change))
    assert names(told_of(Event.CHANGES_ASKED)) == {"author"}
    reviews.reject(change, "Not at all.", acting_user=owner, seen=seen(change))
    assert names(told_of(Event.REJECTED)) == {"author", "reviewer"}
    assert Notification.objects.get(event=Event.CHANGES_ASKED).note == "Too bold."


def test_voided_by_an_edit__tells_whose_approval_was_voided(
    production: Environment,
    author: User,
    co_author: User,
    reviewer: User,
    everybody: Iterable[User],
) -> None:
    change = approved(in_review(production, author), reviewer)
    save_and_take_over(change, documents(share=70), co_author)
    told = told_of(Event.APPROVALS_VOIDED)
    assert told == {"reviewer": "Your approval no longer counts.", "author": "You worked on it."}


def test_save_without_change_of_meaning__is_no_news(
    production: Environment, author: User, reviewer: User
) -> None:
    change = approved(in_review(production, author), reviewer)
    save_and_take_over(change, documents(), author)
    assert told_of(Event.APPROVALS_VOIDED) == {}


def test_published__tells_all_concerned_but_who_published(
    staging: Environment, author: User, owner: User, operator: User, everybody: Iterable[User]
) -> None:
    published(staging, author, [owner], operator)
    assert names(told_of(Event.PUBLISHED)) == {"author", "owner"}


def test_rolled_back__tells_the_authors_of_what_was_taken_back(
    staging: Environment,
    author: User,
    co_author: User,
    owner: User,
    operator: User,
    administrator: User,
) -> None:
    first = published(staging, author, [owner], operator)
    published(staging, co_author, [owner], operator, documents(share=60))
    publication.roll_back(first, "It got slower.", acting_user=operator)
    told = told_of(Event.ROLLED_BACK)
    assert names(told) == {"author", "co_author", "owner", "administrator", "installer"}
    row = Notification.objects.filter(event=Event.ROLLED_BACK).first()
    assert row is not None
    assert row.note == "It got slower."
    assert row.sentence.startswith(
        "Otto Operator rolled back with release 3 to staging, the content"
    )


def test_comment__tells_those_in_the_discussion(
    staging: Environment, author: User, reviewer: User, owner: User, operator: User
) -> None:
    change = in_review(staging, author)
    changes.comment(change, "Why so much?", acting_user=operator)
    assert names(told_of(Event.COMMENTED)) == {"author"}
    changes.comment(change, "It is cheaper.", acting_user=author)
    assert names(told_of(Event.COMMENTED)) == {"author", "operator"}


def test_stricter_rules__ask_those_who_have_not_approved_yet(
    staging: Environment,
    author: User,
    reviewer: User,
    owner: User,
    administrator: User,
) -> None:
    approved(in_review(staging, author), owner)
    tell_news()
    Notification.objects.all().delete()
    rules = EnvironmentRules(required_approvals=2)
    change_rules(staging, rules, acting_user=administrator)
    assert names(told_of(Event.REVIEW_ASKED)) == {"reviewer"}


def test_member_who_left__is_told_nothing_and_sees_nothing(
    staging: Environment, author: User, reviewer: User, team: Team
) -> None:
    in_review(staging, author)
    assert "reviewer" in told_of(Event.REVIEW_ASKED)
    Membership.objects.filter(team=team, user=reviewer).delete()
    assert not Notification.objects.of(reviewer).exists()
    change = in_review(staging, author, documents(share=55))
    reviewer_rows = Notification.objects.filter(recipient=reviewer)
    before = reviewer_rows.count()
    tell_news()
    assert change.pk
    assert reviewer_rows.count() == before


def test_whoever_acts__has_read_what_they_were_told_of_it(
    staging: Environment, author: User, reviewer: User, workflow: Workflow
) -> None:
    change = in_review(staging, author)
    tell_news()
    assert Notification.objects.of(reviewer).unread().count() == 1
    reviews.approve(change, REASON, acting_user=reviewer, seen=seen(change))
    tell_news()
    assert Notification.objects.of(reviewer).unread().count() == 0


def test_submitted_by_the_owner__asks_the_deputy_in_their_place(
    staging: Environment, owner: User, reviewer: User, administrator: User
) -> None:
    add_member(staging.workflow.team, owner, Role.AUTHOR, acting_user=administrator)
    kind = ComponentKind.ROUTER_POLICY
    save_contract(staging.workflow, kind, owner, CONTRACT, acting_user=owner, deputy=reviewer)
    in_review(staging, owner)
    asked = told_of(Event.REVIEW_ASKED)["reviewer"]
    assert asked == "You stand in for the owner of the router policy."
