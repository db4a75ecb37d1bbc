"""Rollback: the old content under a new number, at once, by those who may, within the window."""

import datetime

import pytest
from django.contrib.auth.models import User

from policies.governance.refusals import Refused
from policies.models import Environment, Release
from policies.models.releases import ReleaseKind
from policies.services.releases import breaking_glass, publication
from policies.services.review import checks
from tests.policies.steps import (
    REASON,
    documents,
    glass_broken,
    in_review,
    now,
    published,
    seen,
)


@pytest.fixture
def releases(staging: Environment, author: User, owner: User) -> tuple[Release, Release]:
    first = published(staging, author, [owner], owner)
    second = published(staging, author, [owner], owner, documents(share=50))
    return Release.objects.get(pk=first.pk), second


def test_rollback__restores_old_digest_under_new_number(
    releases: tuple[Release, Release], operator: User
) -> None:
    first, second = releases
    restored = publication.roll_back(first, "Errors doubled.", acting_user=operator)
    assert (restored.number, restored.kind) == (3, ReleaseKind.ROLLBACK)
    assert (restored.bundle, restored.restores) == (first.bundle, first)
    assert restored.approved_by == first.approved_by
    second.refresh_from_db()
    assert not second.is_active


def test_rollback__of_a_rollback__works_too(
    releases: tuple[Release, Release], operator: User
) -> None:
    first, second = releases
    publication.roll_back(first, "Errors doubled.", acting_user=operator)
    again = publication.roll_back(second, "It was the network.", acting_user=operator)
    assert (again.number, again.bundle) == (4, second.bundle)


def test_rollback__to_the_active_release__is_refused(
    releases: tuple[Release, Release], operator: User
) -> None:
    with pytest.raises(Refused, match="active already"):
        publication.roll_back(releases[1], "Errors.", acting_user=operator)


def test_rollback__done_already__is_refused(
    releases: tuple[Release, Release], operator: User
) -> None:
    publication.roll_back(releases[0], "Errors doubled.", acting_user=operator)
    with pytest.raises(Refused, match="very same content"):
        publication.roll_back(releases[0], "Errors doubled.", acting_user=operator)
    assert Release.objects.count() == 3


def test_rollback__without_role_or_reason__names_both(
    releases: tuple[Release, Release], author: User
) -> None:
    with pytest.raises(Refused) as refusal:
        publication.roll_back(releases[0], " ", acting_user=author)
    assert refusal.value.codes == ("role", "reason")


def test_rollback__after_the_window__needs_a_review(
    releases: tuple[Release, Release], operator: User
) -> None:
    first, _ = releases
    assert first.retired_at is not None
    first.retired_at -= datetime.timedelta(days=31)
    first.save(update_fields=["retired_at"])
    with pytest.raises(Refused) as refusal:
        publication.roll_back(first, "Errors.", acting_user=operator)
    assert refusal.value.codes == ("window",)


def test_rollback__open_change_requests__are_told_that_their_base_moved(
    releases: tuple[Release, Release], staging: Environment, author: User, operator: User
) -> None:
    change = in_review(staging, author, documents(share=70))
    publication.roll_back(releases[0], "Errors doubled.", acting_user=operator)
    states = {state.kind: state for state in checks.states_of(now(change))}
    assert not states["base_up_to_date"].passes


def test_rollback__to_content_that_nobody_approved__is_refused(
    staging: Environment, author: User, owner: User, operator: User, administrator: User
) -> None:
    first = published(staging, author, [owner], owner)
    change = in_review(staging, author, documents(share=50))
    unseen = glass_broken(change, administrator)
    publication.roll_back(first, "It made things worse.", acting_user=operator)
    unseen.refresh_from_db()
    with pytest.raises(Refused) as refusal:
        publication.roll_back(unseen, "It was the network.", acting_user=operator)
    (reason,) = refusal.value.reasons
    assert reason.code == "unreviewed"
    assert "never had its approvals" in reason.sentence
    assert Release.objects.count() == 3


def test_rollback__to_content_approved_afterwards__names_who_did(
    staging: Environment, author: User, owner: User, operator: User, administrator: User
) -> None:
    first = published(staging, author, [owner], owner)
    change = in_review(staging, author, documents(share=50))
    glassed = glass_broken(change, administrator)
    breaking_glass.approve_afterwards(change, REASON, acting_user=owner, seen=seen(change))
    publication.roll_back(first, "It made things worse.", acting_user=operator)
    glassed.refresh_from_db()
    restored = publication.roll_back(glassed, "It was the network.", acting_user=operator)
    assert (glassed.approved_by, restored.approved_by) == ([], ["owner"])


def test_rollback__to_content_approved_in_another_environment_only__is_refused(
    staging: Environment,
    production: Environment,
    author: User,
    owner: User,
    operator: User,
    administrator: User,
    reviewer: User,
) -> None:
    published(staging, author, [owner], owner, documents(share=50))
    first = published(production, author, [reviewer, owner], owner)
    unseen = glass_broken(in_review(production, author, documents(share=50)), administrator)
    publication.roll_back(first, "It made things worse.", acting_user=operator)
    codes = [
        reason.code
        for reason in publication.why_not_roll_back(Release.objects.get(pk=unseen.pk), operator)
    ]
    assert codes == ["unreviewed"]
