"""A change request that says which release it repairs: what may be named, and where it is told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from policies.forms.review import change as change_forms
from policies.governance.refusals import Refused
from policies.governance.transitions import State
from policies.models import AuditEvent, ChangeRequest, Environment, Release
from policies.services.news.subjects import subject_of
from policies.services.releases import publication
from policies.services.review import changes, merging, standings
from policies.services.review.repairs import release_to_repair
from tests.policies.steps import (
    approved,
    documents,
    draft_of,
    in_review,
    now,
    pass_evaluation,
    proposed,
    published,
    standing,
)


def last_row(action: str) -> AuditEvent:
    return AuditEvent.objects.filter(action=action).latest("sequence")


def repair_of(release: Release, author: User) -> ChangeRequest:
    """A change request in draft that goes forward from a release that failed."""
    draft = draft_of(release.workflow, author, documents(share=40))
    return changes.propose(
        draft, release.environment, "Forward", "It broke.", repairs=release, acting_user=author
    )


def repaired(release: Release, author: User, owner: User) -> Release:
    """The same, published."""
    change = repair_of(release, author)
    pass_evaluation(change)
    changes.submit(change, acting_user=author)
    return publication.publish(approved(change, owner), acting_user=owner)


# --- What may be named -----------------------------------------------------------------
def test_repair__of_a_number_that_is_not_published__is_refused_with_the_last(
    release: Release,
) -> None:
    with pytest.raises(Refused, match="staging has no release 2: its last is 1") as refusal:
        release_to_repair(release.environment, 2)
    assert refusal.value.codes == ("repairs",)


def test_repair__where_nothing_was_published__says_so(production: Environment) -> None:
    with pytest.raises(Refused, match="nothing is published there yet"):
        release_to_repair(production, 1)


def test_repair__of_another_environment__opens_nothing(
    release: Release, production: Environment, author: User
) -> None:
    draft = draft_of(release.workflow, author, documents(share=40))
    with pytest.raises(Refused, match="Release 1 is of staging, and this is for production"):
        changes.propose(draft, production, "A", "B.", repairs=release, acting_user=author)
    assert not ChangeRequest.objects.filter(environment=production).exists()


def test_repair__of_a_rollback__points_to_the_release_that_brought_the_content(
    release: Release, author: User, owner: User
) -> None:
    published(release.environment, author, [owner], owner, documents(share=30))
    publication.roll_back(Release.objects.get(pk=release.pk), "Worse.", acting_user=owner)
    with pytest.raises(Refused, match="Release 3 is a rollback: its content came with release 1"):
        release_to_repair(release.environment, 3)


def test_move__with_a_repair_of_where_it_was__asks_for_another(
    release: Release, production: Environment, author: User
) -> None:
    change = repair_of(release, author)
    with pytest.raises(Refused) as refusal:
        changes.describe(change, "A", "B.", environment=production, acting_user=author)
    assert refusal.value.codes == ("repairs",)
    moved = changes.describe(
        change, "A", "B.", environment=production, repairs=None, acting_user=author
    )
    assert (moved.environment, moved.repairs) == (production, None)


# --- Part of what is approved ----------------------------------------------------------
def test_describe__what_it_repairs__is_in_the_subject_and_makes_a_contributor(
    release: Release, author: User, co_author: User, owner: User
) -> None:
    change = approved(in_review(release.environment, author, documents(share=40)), owner)
    before = standings.subject_digest(change)
    changes.describe(change, change.title, change.why, repairs=release, acting_user=co_author)
    assert standings.subject_digest(now(change)) != before
    assert now(change).state == State.IN_REVIEW
    assert co_author in change.contributors.all()
    assert standing(change).approvals == ()
    assert change.reviews.get().voided_because == "What it repairs was changed."
    assert last_row("change.described").detail["repairs"] == 1


def test_describe__without_saying__keeps_what_it_repairs(release: Release, author: User) -> None:
    change = repair_of(release, author)
    described = changes.describe(change, "Other", "Words.", acting_user=author)
    assert described.repairs == release


def test_rebase_and_merge__keep_what_it_repairs(
    release: Release, author: User, owner: User
) -> None:
    rebased, merged = repair_of(release, author), repair_of(release, author)
    published(release.environment, author, [owner], owner, documents(margin=0.03))
    merging.rebase_as_it_is(
        rebased,
        acting_user=author,
        undoes=Release.objects.active().get(environment=release.environment).bundle.digest,
    )
    found = merging.comparison_of(now(merged))
    assert found is not None
    merging.rebase_with_merge(merged, {}, found.against, acting_user=author)
    assert [now(change).repairs for change in (rebased, merged)] == [release, release]


def test_promotion__of_a_repair__repairs_nothing_there(
    release: Release, production: Environment, author: User, owner: User
) -> None:
    fixed = repaired(release, author, owner)
    promoted = publication.promote(fixed, production, "Quiet.", acting_user=author)
    assert promoted.repairs is None


# --- Told ------------------------------------------------------------------------------
def test_published_repair__is_told_in_audit_and_news(
    release: Release, author: User, owner: User
) -> None:
    fixed = repaired(release, author, owner)
    row = last_row("release.publication")
    assert row.detail["repairs"] == 1
    assert last_row("change.opened").detail["repairs"] == 1
    told = [subject_of(event) for event in (row, last_row("change.submit"))]
    assert [found.facts["repairs"] for found in told if found] == [1, 1]
    assert told[0] is not None and told[0].name.endswith(", which repairs release 1")
    assert fixed.repairs == release


def test_rollback_to_a_repair__repairs_nothing_itself(
    release: Release, author: User, owner: User
) -> None:
    fixed = repaired(release, author, owner)
    published(release.environment, author, [owner], owner, documents(share=30))
    back = publication.roll_back(
        Release.objects.get(pk=fixed.pk), "The repair was better.", acting_user=owner
    )
    assert (back.change, back.repairs) == (fixed.change, None)


def test_pages__of_both_releases__name_each_other(
    client: Client, release: Release, author: User, owner: User
) -> None:
    client.force_login(author)
    repair_of(release, author)
    assert "repair proposed in" in client.get(release.get_absolute_url()).content.decode()
    fixed = repaired(release, author, owner)
    change = fixed.change
    assert change is not None
    bad = client.get(release.get_absolute_url()).content.decode()
    good = client.get(fixed.get_absolute_url()).content.decode()
    assert f'repaired by <a href="{change.get_absolute_url()}">#{change.number}' in bad
    named = f'repairs <a href="{release.get_absolute_url()}">release 1</a>'
    assert named in good
    assert named in client.get(change.get_absolute_url()).content.decode()
    listed = client.get(reverse("releases", args=[release.workflow.slug])).content.decode()
    assert f"repaired by #{change.number} {change.title}" in listed
    assert "repairs release 1" in listed


def test_page__of_a_release_whose_repair_was_withdrawn__says_nothing_of_it(
    client: Client, release: Release, author: User
) -> None:
    changes.withdraw(repair_of(release, author), acting_user=author)
    client.force_login(author)
    assert "repair proposed" not in client.get(release.get_absolute_url()).content.decode()


# --- The forms -------------------------------------------------------------------------
def said(environment: Environment, **more: Any) -> dict[str, Any]:
    return {"title": "Forward", "why": "It broke.", "environment": environment.pk, **more}


def test_form__proposes_a_repair(client: Client, release: Release, author: User) -> None:
    draft = draft_of(release.workflow, author, documents(share=40))
    client.force_login(author)
    address = reverse("change-create", args=[release.workflow.slug])
    shown = client.get(address, {"draft": draft.pk}).content.decode()
    assert '<option value="staging/1">staging release 1, ' in shown
    answer = client.post(address, said(release.environment, draft=draft.pk, repairs="staging/1"))
    assert answer.status_code == 302
    assert ChangeRequest.objects.latest("pk").repairs == release


def test_form__with_a_release_of_another_environment__says_so_at_the_field(
    client: Client, release: Release, production: Environment, author: User
) -> None:
    change = proposed(production, author)
    client.force_login(author)
    address = reverse("change-describe", args=[change.workflow.slug, change.number])
    answer = client.post(address, said(production, repairs="staging/1"))
    assert answer.status_code == 422
    errors = answer.context["form"].errors["repairs"]
    assert errors == ["Release 1 is of staging. Choose one of production, or none."]


@pytest.mark.parametrize("typed", ["staging/2", "staging/", "0", "staging/1/1"])
def test_form__with_a_release_that_is_not_there__says_so_at_the_field(
    client: Client, release: Release, author: User, typed: str
) -> None:
    change = proposed(release.environment, author, documents(share=40))
    client.force_login(author)
    address = reverse("change-describe", args=[change.workflow.slug, change.number])
    answer = client.post(address, said(release.environment, repairs=typed))
    assert answer.status_code == 422
    errors = answer.context["form"].errors["repairs"]
    assert errors == ["This workflow has no such release to repair."]


def test_form__of_the_description__shows_what_it_repairs_and_clears_it(
    client: Client, release: Release, author: User
) -> None:
    change = repair_of(release, author)
    client.force_login(author)
    address = reverse("change-describe", args=[change.workflow.slug, change.number])
    assert '<option value="staging/1" selected>' in client.get(address).content.decode()
    assert client.post(address, said(release.environment, repairs="")).status_code == 302
    assert now(change).repairs is None


def test_form__of_many_releases__offers_the_newest_and_the_one_that_is_chosen(
    client: Client,
    release: Release,
    author: User,
    owner: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published(release.environment, author, [owner], owner, documents(share=30))
    monkeypatch.setattr(change_forms, "OFFERED_RELEASES", 1)
    chosen, other = repair_of(release, author), proposed(release.environment, author)
    client.force_login(author)
    offered = []
    for change in (chosen, other):
        address = reverse("change-describe", args=[change.workflow.slug, change.number])
        shown = client.get(address).content.decode()
        offered.append(re.findall(r'value="(staging/\d)"', shown))
    assert offered == [["staging/2", "staging/1"], ["staging/2"]]


def test_form__offers_no_rollback(
    client: Client, release: Release, author: User, owner: User
) -> None:
    published(release.environment, author, [owner], owner, documents(share=30))
    publication.roll_back(Release.objects.get(pk=release.pk), "Worse.", acting_user=owner)
    change = proposed(release.environment, author, documents(share=40))
    client.force_login(author)
    address = reverse("change-describe", args=[change.workflow.slug, change.number])
    shown = client.get(address).content.decode()
    assert 'value="staging/2"' in shown
    assert 'value="staging/3"' not in shown
