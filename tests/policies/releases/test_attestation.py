"""A release says, signed, who let it out on which evidence."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from policies.client.keyset import first_trusted, parse_key_set
from policies.client.verifying import judge
from policies.delivery import signing
from policies.models import Environment, Release, ReviewDebt
from policies.models.changes import CheckKind
from policies.services.releases import breaking_glass, publication, scheduling, sealing
from policies.services.review.standings import subject_digest
from tests.policies.steps import (
    REASON,
    approved,
    documents,
    glass_broken,
    in_review,
    published,
)


def attested(release: Release) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(release.body)["attestation"]
    return said


def test_publication__says_who_approved_what_and_which_checks_stood(
    production: Environment, author: User, reviewer: User, owner: User, operator: User
) -> None:
    change = approved(in_review(production, author), reviewer, owner)
    subject = subject_digest(change)
    said = attested(publication.publish(change, acting_user=operator))
    assert (said["kind"], said["published_by"], said["scheduled"]) == (
        "publication",
        "operator",
        False,
    )
    assert said["change_request"] == {
        "number": change.number,
        "title": change.title,
        "subject_digest": subject,
        "base": None,
    }
    assert [row["user"] for row in said["approvals"]] == ["reviewer", "owner"]
    assert said["approvals"][0]["roles"] == ["reviewer"]
    assert said["approvals_required"] == 2
    moments = [datetime.datetime.fromisoformat(row["at"]) for row in said["approvals"]]
    assert moments == sorted(moments) and moments[-1] <= timezone.now()
    verdicts = {row["kind"]: row["verdict"] for row in said["checks"]}
    assert verdicts[CheckKind.STATIC_ANALYSIS] == "pass" and set(verdicts.values()) == {"pass"}
    assert all(row["digest"].startswith("sha256:") for row in said["checks"])
    assert said["evidence"]["verdict"] == "pass"
    assert said["restores"] is None and said["passed_over"] == []


def test_publication__of_the_next__names_its_base(
    release: Release, staging: Environment, author: User, owner: User
) -> None:
    second = published(staging, author, [owner], owner, documents(share=50))
    base = attested(second)["change_request"]["base"]
    assert base == {"number": 1, "digest": release.bundle.digest}


def test_rollback__says_so_and_keeps_what_its_content_was_approved_on(
    release: Release, staging: Environment, author: User, owner: User
) -> None:
    published(staging, author, [owner], owner, documents(share=50))
    third = publication.roll_back(release, "It was worse.", acting_user=owner)
    said, before = attested(third), attested(release)
    assert (said["kind"], said["reason"]) == ("rollback", "It was worse.")
    assert said["restores"] == {"number": 1, "digest": release.bundle.digest}
    for member in ("approvals", "checks", "evidence", "change_request"):
        assert said[member] == before[member]


def test_break_glass__names_every_gate_that_was_passed_over(
    staging: Environment, author: User, owner: User, operator: User
) -> None:
    release = glass_broken(in_review(staging, author), operator)
    said = attested(release)
    assert said["kind"] == "break_glass" and said["reason"] == release.reason
    assert said["approvals"] == [] and said["passed_over"]


def test_break_glass__before_its_time_came__is_not_as_scheduled(
    staging: Environment, author: User, owner: User, operator: User
) -> None:
    change = in_review(staging, author)
    scheduling.schedule(change, timezone.now() + datetime.timedelta(hours=1), acting_user=author)
    assert attested(glass_broken(change, operator))["scheduled"] is False


def test_rollback__to_what_went_out_by_break_glass__still_says_what_was_passed_over(
    staging: Environment, author: User, owner: User, operator: User, reviewer: User
) -> None:
    change = in_review(staging, author)
    first = glass_broken(change, operator)
    subject = ReviewDebt.objects.get().subject_digest
    breaking_glass.approve_afterwards(change, REASON, acting_user=owner, seen=subject)
    published(staging, author, [owner], owner, documents(share=50))
    said = attested(publication.roll_back(first, "It was worse.", acting_user=operator))
    assert said["passed_over"] == attested(first)["passed_over"] != []
    assert [row["user"] for row in said["approvals"]] == ["owner"]


def test_renewal__keeps_it(release: Release) -> None:
    before = attested(release)
    later = release.not_after - datetime.timedelta(days=1)
    assert sealing.renew_releases(later) == 1
    release.refresh_from_db()
    assert attested(release) == before


def test_release_of_before__is_renewed_without_one(release: Release) -> None:
    Release.objects.update(attestation={})
    sealing.renew_releases(release.not_after)
    release.refresh_from_db()
    assert "attestation" not in json.loads(release.body)


def test_page__download__is_judged_offline_by_the_published_keys(
    client: Client, release: Release, author: User
) -> None:
    client.force_login(author)
    page = client.get(release.get_absolute_url()).content.decode()
    assert "Attestation" in page and "1 required" in page
    answer = client.get(f"{release.get_absolute_url()}signed.json")
    assert 'filename="support-assistant-staging-1.json"' in answer["Content-Disposition"]
    keys = json.dumps(signing.published_keys()).encode()
    trusted = first_trusted(parse_key_set(keys, "the console"))
    judgement = judge(answer.content, trusted, timezone.now().timestamp())
    assert judgement.holds and judgement.is_trusted
    told = "\n".join(judgement.sentences)
    assert "It was published by owner." in told and "owner (operator, owner)" in told


def test_page__release_of_before__says_that_it_has_none(
    client: Client, release: Release, author: User
) -> None:
    Release.objects.update(attestation={})
    client.force_login(author)
    page = client.get(release.get_absolute_url()).content.decode()
    assert "Published before releases carried one." in page


@pytest.mark.parametrize("path", ["", "signed/"])
def test_rest__tells_it(client: Client, release: Release, author: User, path: str) -> None:
    client.force_login(author)
    address = f"/api/v1/workflows/support-assistant/releases/staging/1/{path}"
    told = client.get(address).json()
    shown = told["attestation"] if not path else json.loads(told["body"])["attestation"]
    assert shown == attested(release)
