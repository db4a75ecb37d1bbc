"""Another release was published meanwhile: seeing what collides, and merging it in."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from policies.governance.refusals import Refused
from policies.governance.transitions import State
from policies.models import ChangeRequest, Environment
from policies.services.authoring import editing
from policies.services.review import merging
from tests.policies import steps
from tests.policies.steps import in_review, now, proposed, published

Raw = dict[str, Any]


def documents(*, share: int = 90, margin: float = 0.02) -> Raw:
    """The steps’ documents with a route for every class: nothing has to be acknowledged."""
    content = steps.documents(share=share, margin=margin)
    policy = content["router_policy"]
    route = deepcopy(policy["default"])
    policy["rules"].append({"id": "p2", "when": {"class": {"in": ["complex"]}}, "route": route})
    return content


def described(content: Raw, words: str) -> Raw:
    changed = deepcopy(content)
    changed["request_classification"]["rules"][0]["description"] = words
    return changed


@pytest.fixture
def moved(
    staging: Environment, author: User, co_author: User, owner: User
) -> tuple[ChangeRequest, Environment]:
    """A change request to the split and a rule's words, while another split was published."""
    published(staging, author, [owner], owner, documents())
    change = in_review(staging, author, described(documents(share=80), "Code is complex"))
    published(staging, co_author, [owner], owner, documents(share=70, margin=0.01))
    return now(change), staging


SPLIT = "router_policy:rules[p1].route.split"


def against(change: ChangeRequest) -> str:
    comparison = merging.comparison_of(change)
    assert comparison is not None
    return comparison.against


def test_comparison__base_still_active__is_none(
    staging: Environment, author: User, owner: User
) -> None:
    published(staging, author, [owner], owner, documents())
    change = proposed(staging, author, documents(share=80))
    assert merging.comparison_of(now(change)) is None


def test_comparison__base_moved__tells_what_came_and_what_collides(
    moved: tuple[ChangeRequest, Environment],
) -> None:
    comparison = merging.comparison_of(moved[0])
    assert comparison is not None
    assert [name for name, _ in comparison.collisions] == [SPLIT]
    assert {part.kind for part in comparison.touched} == {"router_policy", "quality_thresholds"}


def test_merge__collision_left_open__is_refused_and_nothing_is_saved(
    moved: tuple[ChangeRequest, Environment], author: User
) -> None:
    change, _ = moved
    with pytest.raises(Refused) as refused:
        merging.rebase_with_merge(change, {}, against(change), acting_user=author)
    assert refused.value.reasons[0].code == "collision"
    assert now(change).bundle_id == change.bundle_id


@pytest.mark.parametrize(("side", "weight"), [("ours", 80), ("theirs", 70)])
def test_merge__collision_settled__takes_the_rest_of_both_sides(
    moved: tuple[ChangeRequest, Environment], author: User, side: str, weight: int
) -> None:
    change, _ = moved
    merged = merging.rebase_with_merge(change, {SPLIT: side}, against(change), acting_user=author)
    content = merged.bundle.content
    assert content["router_policy"]["rules"][0]["route"]["candidates"][0]["weight"] == weight
    assert content["quality_thresholds"]["thresholds"][0]["margin"] == 0.01
    assert content["request_classification"]["rules"][0]["description"] == "Code is complex"
    assert merged.base_release is not None and merged.base_release.number == 2
    assert merging.comparison_of(merged) is None


def test_merge__after_approval__sends_it_back_to_review(
    moved: tuple[ChangeRequest, Environment], author: User, owner: User
) -> None:
    change, _ = moved
    merged = merging.rebase_with_merge(change, {SPLIT: "ours"}, against(change), acting_user=author)
    assert merged.state == State.IN_REVIEW
    assert not merged.reviews.standing().exists()


def test_merge__chosen_for_another_release__is_refused(
    moved: tuple[ChangeRequest, Environment], author: User
) -> None:
    change, _ = moved
    with pytest.raises(Refused) as refused:
        merging.rebase_with_merge(change, {SPLIT: "ours"}, "sha256:old", acting_user=author)
    assert refused.value.reasons[0].code == "stale"


def test_merge__a_choice_for_nothing__is_refused(
    moved: tuple[ChangeRequest, Environment], author: User
) -> None:
    change, _ = moved
    choices = {SPLIT: "ours", "router_policy:rules[p9]": "ours"}
    with pytest.raises(Refused, match="does not collide"):
        merging.rebase_with_merge(change, choices, against(change), acting_user=author)


def test_merge__by_a_reviewer__is_refused(
    moved: tuple[ChangeRequest, Environment], reviewer: User
) -> None:
    change, _ = moved
    with pytest.raises(Refused) as refused:
        merging.rebase_with_merge(change, {SPLIT: "ours"}, against(change), acting_user=reviewer)
    assert refused.value.is_forbidden


def test_merge__draft_edited_since__keeps_the_edit(
    moved: tuple[ChangeRequest, Environment], author: User
) -> None:
    change, _ = moved
    assert change.draft is not None
    later = documents()["fallback_matrix"]
    later["rows"][0]["then"] = ["swift-large"]
    editing.save_document(change.draft, "fallback_matrix", later, acting_user=author)
    merged = merging.rebase_with_merge(change, {SPLIT: "ours"}, against(change), acting_user=author)
    assert merged.bundle.content["fallback_matrix"]["rows"][0]["then"] == ["swift-large"]


def test_page__base_moved__offers_the_merge_and_does_it(
    moved: tuple[ChangeRequest, Environment], author: User, client: Client
) -> None:
    change, _ = moved
    client.force_login(author)
    page = client.get(change.get_absolute_url()).content.decode()
    assert "Published meanwhile" in page
    assert f'name="choice:{SPLIT}"' in page
    act = reverse("change-act", args=[change.workflow.slug, change.number, "merge"])
    answer = client.post(act, {"against": against(change), f"choice:{SPLIT}": "theirs"})
    assert answer.status_code == 302
    assert "Published meanwhile" not in client.get(change.get_absolute_url()).content.decode()


def test_page__costs_two_queries_more_than_with_an_active_base(
    moved: tuple[ChangeRequest, Environment],
    author: User,
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(author)
    with django_assert_max_num_queries(15):  # the active release, and what the draft holds
        client.get(moved[0].get_absolute_url())


def test_page__collision_left_open__says_which(
    moved: tuple[ChangeRequest, Environment], author: User, client: Client
) -> None:
    change, _ = moved
    client.force_login(author)
    act = reverse("change-act", args=[change.workflow.slug, change.number, "merge"])
    answer = client.post(act, {"against": against(change)})
    assert answer.status_code == 409
    assert "both started from" in answer.content.decode()


def test_rest__comparison_then_merge__answers_with_the_change_as_it_is_then(
    moved: tuple[ChangeRequest, Environment], author: User, client: Client
) -> None:
    change, _ = moved
    client.force_login(author)
    address = f"/api/v1/workflows/{change.workflow.slug}/changes/{change.number}"
    told = client.get(f"{address}/three-way/").json()
    assert told["base_moved"] and told["base"] == 1 and told["active"] == 2
    names = [c["name"] for part in told["components"] for c in part["collisions"]]
    body = {"against": told["against"], "choices": dict.fromkeys(names, "ours")}
    answer = client.post(f"{address}/merge/", body, content_type="application/json")
    assert answer.status_code == 200
    assert not client.get(f"{address}/three-way/").json()["base_moved"]


def test_rest__collision_left_open__is_a_conflict_with_its_reasons(
    moved: tuple[ChangeRequest, Environment], author: User, client: Client
) -> None:
    change, _ = moved
    client.force_login(author)
    address = f"/api/v1/workflows/{change.workflow.slug}/changes/{change.number}/merge/"
    answer = client.post(address, {"against": against(change)}, content_type="application/json")
    assert answer.status_code == 409
    assert answer.json()["reasons"][0]["code"] == "collision"
