"""Publication: all gates at once, one active release, the approved content and nothing else."""

import json

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from policies.engine import digest
from policies.governance.refusals import Refused
from policies.governance.transitions import State
from policies.models import Environment, Release
from policies.services.authoring import editing
from policies.services.releases import publication, sealing
from tests.policies.steps import (
    approved,
    documents,
    in_review,
    now,
    proposed,
    published,
    save_and_take_over,
)


def test_release__carries_the_approved_bundle_signed(
    production: Environment, author: User, reviewer: User, owner: User, operator: User
) -> None:
    release = published(production, author, [reviewer, owner], operator)
    body = json.loads(release.body)
    assert body["release"]["number"] == 1
    assert body["release"]["approved_by"] == ["reviewer", "owner"]
    assert digest(body["bundle"]) == release.bundle.digest
    assert release.signature.count(".") == 2


def test_release__next__retires_the_one_before(
    staging: Environment, author: User, owner: User
) -> None:
    first = published(staging, author, [owner], owner)
    second = published(staging, author, [owner], owner, documents(share=50))
    first.refresh_from_db()
    assert (second.number, first.is_active, second.is_active) == (2, False, True)
    assert first.change is not None
    assert now(first.change).state == State.SUPERSEDED


def test_release__same_number_in_each_environment__counts_apart(
    staging: Environment,
    production: Environment,
    author: User,
    reviewer: User,
    owner: User,
) -> None:
    assert published(staging, author, [owner], owner).number == 1
    assert published(production, author, [reviewer, owner], owner).number == 1


def test_publish__too_early__names_every_gate(
    production: Environment, author: User, owner: User, reviewer: User
) -> None:
    change = approved(in_review(production, author), reviewer, owner)
    save_and_take_over(change, documents(share=50), author)
    with pytest.raises(Refused) as refusal:
        publication.publish(change, acting_user=author)
    assert set(refusal.value.codes) >= {"role", "state"}
    with pytest.raises(Refused) as early:
        publication.publish(proposed(production, author), acting_user=owner)
    named = set(early.value.codes)
    assert named >= {"state", "approvals", "owner", "check.shadow_evaluation"}


def test_publish__without_the_role__is_refused(
    staging: Environment, author: User, owner: User, reviewer: User
) -> None:
    change = approved(in_review(staging, author), owner)
    for person in (author, reviewer):
        with pytest.raises(Refused) as refusal:
            publication.publish(change, acting_user=person)
        assert refusal.value.codes == ("role",)


def test_publish__twice__second_is_refused(staging: Environment, author: User, owner: User) -> None:
    change = approved(in_review(staging, author), owner)
    publication.publish(change, acting_user=owner)
    with pytest.raises(Refused) as refusal:
        publication.publish(change, acting_user=owner)
    assert refusal.value.codes == ("state",)
    assert Release.objects.count() == 1


def test_publish__base_moved__is_refused_until_rebased(
    staging: Environment, author: User, owner: User
) -> None:
    late = approved(in_review(staging, author), owner)
    published(staging, author, [owner], owner, documents(share=50))
    with pytest.raises(Refused) as refusal:
        publication.publish(late, acting_user=owner)
    assert "check.base_up_to_date" in refusal.value.codes


def test_publish__closes_the_draft(staging: Environment, author: User, owner: User) -> None:
    release = published(staging, author, [owner], owner)
    assert release.change is not None
    draft = release.change.draft
    assert draft is not None
    with pytest.raises(Refused, match="closed"):
        editing.save_document(draft, "router_policy", {}, acting_user=author)


def test_database__second_active_release__is_impossible(
    staging: Environment, author: User, owner: User
) -> None:
    first = published(staging, author, [owner], owner)
    published(staging, author, [owner], owner, documents(share=50))
    with pytest.raises(IntegrityError), transaction.atomic():
        Release.objects.filter(pk=first.pk).update(retired_at=None)


def test_renewal__past_half_its_life__moves_only_the_end(
    staging: Environment, author: User, owner: User
) -> None:
    release = published(staging, author, [owner], owner)
    assert sealing.renew_releases() == 0
    later = release.published_at + (release.not_after - release.published_at) * 0.6
    assert sealing.renew_releases(later) == 1
    renewed = Release.objects.get(pk=release.pk)
    assert renewed.not_after > release.not_after
    assert (renewed.number, renewed.bundle) == (release.number, release.bundle)
    assert renewed.signature != release.signature
    assert timezone.now() < renewed.not_after
