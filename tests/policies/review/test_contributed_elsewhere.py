"""Who wrote a content may not approve it, whoever proposes it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from policies.governance.refusals import Refused
from policies.governance.roles import Role
from policies.governance.transitions import State
from policies.models import ChangeRequest, Environment, Release
from policies.services.authoring import drafts, editing
from policies.services.releases import publication
from policies.services.review import changes, guards, reviews, settling, standings, waiting
from policies.services.review.contributing import worked_on
from policies.services.review.facts import ChangeFacts
from policies.services.teams.members import add_member
from tests.policies.steps import (
    REASON,
    approved,
    documents,
    draft_of,
    glass_broken,
    in_review,
    now,
    pass_evaluation,
    proposed,
    published,
    save_and_take_over,
    seen,
)


def reworded(share: int) -> dict[str, Any]:
    """The same policy as `documents(share=…)`, with other words in it."""
    content = documents(share=share)
    content["request_classification"]["classes"][0]["label"] = "Easy"
    return content


def refusal_of(change: ChangeRequest, user: User) -> str:
    """Why this person may not approve it, by four eyes; empty where they may."""
    try:
        reviews.approve(change, REASON, acting_user=user, seen=seen(change))
    except Refused as refused:
        return next((r.sentence for r in refused.reasons if r.code == "four_eyes"), "")
    return ""


def test_copy_of_a_change_request__proposed_by_somebody_else__is_not_theirs_to_approve(
    staging: Environment, author: User, co_author: User
) -> None:
    first = proposed(staging, co_author, documents(share=50))
    changes.withdraw(first, acting_user=co_author)
    copied = in_review(staging, author, documents(share=50))
    assert refusal_of(copied, co_author) == (
        f"You contributed to #{first.number}, which proposes the same content, so you may not "
        "judge it."
    )
    assert not guards.awaiting_review_by(co_author).exists()
    assert waiting.waiting_for(co_author, []) == []
    with pytest.raises(Refused, match="Only those who worked on a change request"):
        changes.withdraw(copied, acting_user=co_author)


def test_copy_in_other_words__is_the_same_content(
    staging: Environment, author: User, co_author: User
) -> None:
    proposed(staging, co_author, documents(share=50))
    assert "same content" in refusal_of(in_review(staging, author, reworded(50)), co_author)


def test_copy_of_a_draft_never_proposed__is_not_theirs_to_approve(
    release: Release, author: User, co_author: User
) -> None:
    draft = drafts.create_draft(release.workflow, "Mine", acting_user=co_author)
    policy = documents(share=50)["router_policy"]
    editing.save_document(draft, "router_policy", policy, acting_user=co_author)
    drafts.discard_draft(draft, acting_user=co_author)
    copied = in_review(release.environment, author, documents(share=50))
    assert refusal_of(copied, co_author) == (
        "You wrote the router policy that it proposes, so you may not judge it."
    )


def test_copy_of_a_draft_in_other_words__is_not_theirs_to_approve(
    release: Release, author: User, co_author: User
) -> None:
    """A label, and a rule by another name."""
    mine = documents()["request_classification"]
    mine["rules"][0]["when"] = {"task": {"in": ["answer"]}}
    draft = drafts.create_draft(release.workflow, "Mine", acting_user=co_author)
    editing.save_document(draft, "request_classification", mine, acting_user=co_author)
    theirs = copy.deepcopy(mine)
    theirs["classes"][0]["label"], theirs["rules"][0]["id"] = "Easy", "other"
    content = {**documents(), "request_classification": theirs}
    change = in_review(release.environment, author, content)
    assert refusal_of(change, co_author).startswith("You wrote the request classification")


def test_one_copied_document_among_others__is_not_theirs_to_approve(
    release: Release, author: User, co_author: User
) -> None:
    proposed(release.environment, co_author, documents(share=50))
    copied = in_review(release.environment, author, documents(share=50, margin=0.01))
    assert refusal_of(copied, co_author).startswith("You wrote the router policy")


def test_document_that_is_in_force__makes_nobody_a_contributor(
    release: Release, author: User, co_author: User, owner: User
) -> None:
    """What is not changed against the base is not judged, and was approved."""
    change = approved(in_review(release.environment, co_author, documents(share=50)), owner)
    publication.publish(change, acting_user=owner)
    later = in_review(release.environment, author, documents(share=50, margin=0.01))
    assert refusal_of(later, co_author) == ""


def test_other_words_for_what_is_in_force__are_judged_by_who_wrote_that(
    release: Release, author: User, co_author: User, owner: User
) -> None:
    change = approved(in_review(release.environment, co_author, documents(share=50)), owner)
    publication.publish(change, acting_user=owner)
    assert refusal_of(in_review(release.environment, author, reworded(50)), co_author) == ""


def test_draft_started_from_a_release__writes_nothing(
    release: Release, author: User, co_author: User
) -> None:
    change = in_review(release.environment, author, documents(share=50))
    drafts.create_draft(release.workflow, "To look at", acting_user=co_author)
    draft_of(release.workflow, co_author, documents(share=50))  # the same, later: a copy
    assert refusal_of(change, co_author) == ""


def test_co_writer_of_a_copied_draft__may_not_judge_the_copy(
    release: Release, author: User, co_author: User
) -> None:
    draft = drafts.create_draft(release.workflow, "Ours", acting_user=author)
    policy = documents(share=50)["router_policy"]
    editing.save_document(draft, "router_policy", policy, acting_user=co_author)
    policy = documents(share=51)["router_policy"]
    editing.save_document(draft, "router_policy", policy, acting_user=author)
    copied = in_review(release.environment, author, documents(share=51))
    assert refusal_of(copied, co_author).startswith("You wrote the router policy")


def test_promotion__takes_in_what_several_published__none_of_them_may_judge_it(
    staging: Environment, production: Environment, author: User, co_author: User, owner: User
) -> None:
    """Two releases of staging in one promotion: it proposes both to production."""
    first = approved(in_review(staging, co_author, documents(share=50)), owner)
    publication.publish(first, acting_user=owner)
    second = approved(in_review(staging, author, documents(share=50, margin=0.01)), owner)
    release = publication.publish(second, acting_user=owner)
    promotion = publication.promote(release, production, "Both.", acting_user=author)
    pass_evaluation(promotion)
    changes.submit(promotion, acting_user=author)
    assert refusal_of(now(promotion), co_author).endswith(
        "that it proposes, so you may not judge it."
    )


def test_promotion__of_a_split_that_went_on_from_another_base__has_its_author_still(
    staging: Environment, production: Environment, author: User, co_author: User, owner: User
) -> None:
    """Rebased, a split has other earlier weights; who proposed it wrote that document as well."""
    published(staging, author, [owner], owner)
    first = in_review(staging, co_author, documents(share=50))
    published(staging, author, [owner], owner, documents(share=80))
    changes.rebase(now(first), acting_user=co_author)
    pass_evaluation(first)
    publication.publish(approved(now(first), owner), acting_user=owner)
    content = {"quality_thresholds": documents(margin=0.01)["quality_thresholds"]}
    release = published(staging, author, [owner], owner, content)
    promotion = publication.promote(release, production, "Both.", acting_user=author)
    pass_evaluation(promotion)
    changes.submit(promotion, acting_user=author)
    assert refusal_of(now(promotion), co_author).startswith("You wrote the router policy")


def test_approval__by_somebody_who_proposes_the_same_since__counts_no_longer(
    staging: Environment, production: Environment, author: User, co_author: User, owner: User
) -> None:
    change = in_review(production, author, documents(share=50))
    change = approved(change, co_author, owner)
    assert change.state == State.APPROVED
    proposed(staging, co_author, documents(share=50))
    assert len(standings.standing_of(now(change)).approvals) == 1
    with pytest.raises(Refused, match="1 more approval"):
        publication.publish(now(change), acting_user=owner)
    settling.settle_lapsed_approvals()
    assert now(change).state == State.IN_REVIEW


def test_emergency__by_who_wrote_the_same_elsewhere__is_refused(
    staging: Environment, author: User, administrator: User, owner: User
) -> None:
    add_member(staging.workflow.team, owner, Role.AUTHOR, acting_user=administrator)
    proposed(staging, owner, documents(share=50))
    change = in_review(staging, author, documents(share=50))
    with pytest.raises(Refused, match="which proposes the same content, so you may not publish"):
        glass_broken(change, owner, "Every call to Acme fails in all regions.")


def test_lists_and_single_look__say_the_same_of_everybody(
    release: Release, production: Environment, author: User, co_author: User, owner: User
) -> None:
    """One definition, spelled once for a person's list and once for a change request's people."""
    contents = (documents(share=50), reworded(50), documents(share=50, margin=0.01), documents())
    for number, content in enumerate(contents):
        writer = (author, co_author)[number % 2]
        proposed((release.environment, production)[number // 2], writer, content)
    found = {}
    for change in ChangeRequest.objects.open().to_judge():
        facts = ChangeFacts(change)
        for user in (author, co_author, owner):
            listed = ChangeRequest.objects.filter(worked_on(user), pk=change.pk).exists()
            assert listed == (user.pk in facts.contributors), (change, user)
            found[change.number, user.username] = listed
    assert set(found.values()) == {True, False}


def test_review_page__says_why_somebody_counts_as_contributor(
    staging: Environment, author: User, co_author: User, client: Client
) -> None:
    first = proposed(staging, co_author, documents(share=50))
    copied = in_review(staging, author, documents(share=50))
    client.force_login(co_author)
    text = client.get(copied.get_absolute_url()).content.decode()
    assert f"contributed to #{first.number}, which proposes the same content" in text


def test_own_edit_that_was_undone__leaves_them_a_contributor_of_that_change_request(
    staging: Environment, author: User, co_author: User
) -> None:
    change = in_review(staging, author)
    save_and_take_over(change, documents(share=50), co_author)
    save_and_take_over(change, documents(), author)
    assert co_author.pk in ChangeFacts(now(change)).contributors
