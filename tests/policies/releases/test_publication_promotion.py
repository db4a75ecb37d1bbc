"""Promotion: the same digest proposed for another environment, under that one's own rules."""

import pytest
from django.contrib.auth.models import User

from policies.governance.refusals import Refused
from policies.governance.transitions import State
from policies.models import Environment, Release
from policies.services.releases import publication
from policies.services.review import changes, reviews
from tests.policies.steps import REASON, approved, pass_evaluation, seen


def test_promotion__carries_the_same_digest_to_publication(
    release: Release, production: Environment, author: User, reviewer: User, owner: User
) -> None:
    change = publication.promote(release, production, "Two quiet days.", acting_user=author)
    assert change.state == State.DRAFT
    pass_evaluation(change)
    changes.submit(change, acting_user=author)
    promoted = publication.publish(approved(change, reviewer, owner), acting_user=owner)
    assert promoted.bundle.digest == release.bundle.digest


def test_promotion__by_another__those_who_wrote_it_still_may_not_approve(
    release: Release, production: Environment, author: User, co_author: User
) -> None:
    change = publication.promote(release, production, "Quiet.", acting_user=co_author)
    pass_evaluation(change)
    changes.submit(change, acting_user=co_author)
    with pytest.raises(Refused) as refusal:
        reviews.approve(change, REASON, acting_user=author, seen=seen(change))
    assert "four_eyes" in refusal.value.codes


def test_promotion__content__may_not_be_edited(
    release: Release, production: Environment, author: User
) -> None:
    change = publication.promote(release, production, "Quiet.", acting_user=author)
    with pytest.raises(Refused) as refusal:
        changes.update_content(change, acting_user=author)
    assert refusal.value.codes == ("draft",)


def test_promotion__to_where_it_is__is_refused(release: Release, author: User) -> None:
    with pytest.raises(Refused) as refusal:
        publication.promote(release, release.environment, "Again.", acting_user=author)
    assert refusal.value.codes == ("environment",)


def test_promotion__by_reviewer__is_refused(
    release: Release, production: Environment, reviewer: User
) -> None:
    with pytest.raises(Refused) as refusal:
        publication.promote(release, production, "Quiet.", acting_user=reviewer)
    assert refusal.value.codes == ("role",)
