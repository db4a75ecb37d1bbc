"""A change of weights moves only between the models whose weight changed, on every way in."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.contrib.auth.models import User

from evaluations.services.impact.measuring import impact_of_draft
from policies.engine import Request, decide, parse_bundle
from policies.files.workflow_files import read_files
from policies.models import ChangeRequest, Environment, Workflow
from policies.services.as_code import exporting, planning, proposing
from policies.services.authoring import editing
from policies.services.authoring.proposals import proposed_by
from policies.services.releases import publication
from policies.services.review import changes, merging, newer_content
from policies.views.authoring.draft_page import draft_page, overview
from policies.views.authoring.trial_subject import draft_subject
from tests.policies import steps
from tests.policies.steps import draft_of, now, proposed, published, save_and_take_over

Raw = dict[str, Any]
MODELS = ("swift-small", "orchid", "swift-large")
KEYS = [f"conv-{number}" for number in range(4000)]


def documents(*weights: int, margin: float = 0.02, earlier: list[Raw] | None = None) -> Raw:
    """The steps' documents, all of whose requests are split among three models."""
    content = steps.documents(margin=margin)
    route: Raw = {
        "select": "weighted",
        "salt": "thirds",
        "candidates": [
            {"model": model, "weight": weight}
            for model, weight in zip(MODELS, weights, strict=True)
        ],
    }
    if earlier is not None:
        route["earlier_weights"] = earlier
    content["router_policy"] = {"schema": 1, "default": route}
    return content


def weights(*given: int) -> Raw:
    return {model: weight for model, weight in zip(MODELS, given, strict=True) if weight}


def earlier(content: Raw) -> list[Raw] | None:
    found: list[Raw] | None = content["router_policy"]["default"].get("earlier_weights")
    return found


def moved(before: Raw, after: Raw) -> Counter[tuple[str | None, str | None]]:
    """How many conversations two bundles' contents send to other models, by (from, to)."""
    sides = [parse_bundle(content) for content in (before, after)]
    found: Counter[tuple[str | None, str | None]] = Counter()
    for key in KEYS:
        old, new = (decide(side, Request(request_id=key)).model for side in sides)
        if old != new:
            found[old, new] += 1
    return found


@pytest.fixture
def first(staging: Environment, author: User, owner: User) -> Raw:
    """The content of a first release: 34, 33 and 33."""
    content: Raw = published(staging, author, [owner], owner, documents(34, 33, 33)).bundle.content
    return content


def test_proposal__of_one_percent_from_one_model_to_another__moves_nobody_else(
    first: Raw, staging: Environment, author: User
) -> None:
    change = proposed(staging, author, documents(33, 34, 33))
    found = moved(first, change.bundle.content)
    assert set(found) == {("swift-small", "orchid")}
    assert 15 <= found.total() <= 65  # 1 % of 4000, four standard deviations about


def test_proposal__whatever_its_draft_was_before__carries_the_base_once(
    first: Raw, staging: Environment, author: User, owner: User
) -> None:
    change = proposed(staging, author, documents(33, 34, 33))
    for other in (documents(20, 40, 40), documents(50, 50, 0, earlier=[weights(34, 33, 33)])):
        change = save_and_take_over(change, other, author)
        assert earlier(change.bundle.content) == [weights(34, 33, 33)]
        assert newer_content.newer_in_draft(now(change)) == []
    change = save_and_take_over(change, documents(34, 33, 33), author)
    assert change.bundle.content["router_policy"] == first["router_policy"]
    change = save_and_take_over(change, documents(50, 50, 0, earlier=[]), author)
    assert earlier(change.bundle.content) == []


def test_draft__before_it_is_proposed__shows_what_will_be(
    first: Raw, staging: Environment, workflow: Workflow, author: User
) -> None:
    draft = draft_of(workflow, author, documents(33, 34, 33))
    trial, will = draft_subject(draft).bundle, proposed_by(draft)
    assert trial is not None and earlier(trial.to_json()) == [weights(34, 33, 33)]
    said = [line.sentence for part in overview(draft_page(draft)) for line in part.changes]
    assert said[-1] == (
        "Default route: 1.00% of conversations move from swift-small to orchid; no others do."
    )
    impact_of_draft(draft)
    change = changes.propose(draft, staging, "Shift traffic", "It is cheaper.", acting_user=author)
    assert earlier(change.bundle.content) == earlier(will)
    assert {row.document["default"].get("earlier_weights") for row in draft.documents.filter(
        kind="router_policy")} == {None}  # fmt: skip


def test_rollback__after_several_releases__returns_everybody(
    first: Raw, staging: Environment, author: User, owner: User
) -> None:
    published(staging, author, [owner], owner, documents(33, 34, 33))
    release = published(staging, author, [owner], owner, documents(10, 20, 70))
    assert earlier(release.bundle.content) == [weights(34, 33, 33), weights(33, 34, 33)]
    old = staging.releases.get(number=1)
    back = publication.roll_back(old, "Costs too much.", acting_user=owner)
    assert back.bundle.content == first


@pytest.fixture
def base_moved(
    first: Raw, staging: Environment, author: User, co_author: User, owner: User
) -> ChangeRequest:
    """A change request to the split, while others changed the split and were published."""
    change = proposed(staging, author, documents(30, 37, 33))
    published(staging, co_author, [owner], owner, documents(34, 26, 40, margin=0.01))
    return now(change)


def test_rebase__as_it_is__carries_on_from_the_release_that_is_active_now(
    base_moved: ChangeRequest, author: User
) -> None:
    active = changes.active_release(base_moved.environment)
    assert active is not None
    change = merging.rebase_as_it_is(base_moved, acting_user=author, undoes=active.bundle.digest)
    assert earlier(change.bundle.content) == [weights(34, 33, 33), weights(34, 26, 40)]
    assert change.bundle.content["catalogue"] == base_moved.bundle.content["catalogue"]
    found = moved(active.bundle.content, change.bundle.content)
    assert set(found) == {("swift-small", "orchid"), ("swift-large", "orchid")}


def test_change_request__moved_to_another_environment__carries_on_from_what_is_active_there(
    first: Raw,
    staging: Environment,
    production: Environment,
    author: User,
    owner: User,
    reviewer: User,
) -> None:
    published(production, author, [owner, reviewer], owner, documents(50, 25, 25))
    change = proposed(staging, author, documents(33, 34, 33))
    moved_on = changes.describe(
        change, change.title, change.why, acting_user=author, environment=production
    )
    assert earlier(now(moved_on).bundle.content) == [weights(50, 25, 25)]


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_rebase__with_merge__carries_on_from_the_release_that_is_active_now(
    base_moved: ChangeRequest, author: User, side: str
) -> None:
    comparison = merging.comparison_of(base_moved)
    assert comparison is not None
    (name,) = [name for name, _ in comparison.collisions]
    change = merging.rebase_with_merge(
        base_moved, {name: side}, comparison.against, acting_user=author
    )
    active = comparison.active.bundle.content
    if side == "theirs":
        assert change.bundle.content["router_policy"] == active["router_policy"]
    else:
        assert earlier(change.bundle.content) == [weights(34, 33, 33), weights(34, 26, 40)]
    assert newer_content.newer_in_draft(now(change)) == []


def test_merge__of_a_split_that_only_the_release_changed__does_not_collide(
    first: Raw, staging: Environment, author: User, co_author: User, owner: User
) -> None:
    change = proposed(staging, author, documents(34, 33, 33, margin=0.03))
    published(staging, co_author, [owner], owner, documents(34, 26, 40))
    comparison = merging.comparison_of(now(change))
    assert comparison is not None and comparison.collisions == []
    merged = merging.rebase_with_merge(change, {}, comparison.against, acting_user=author)
    assert earlier(merged.bundle.content) == [weights(34, 33, 33)]


def test_files__of_a_checkout_without_earlier_weights__carry_on(
    first: Raw, staging: Environment, author: User, owner: User
) -> None:
    files = exporting.export_environment(staging)
    files["router_policy.yaml"] = (
        files["router_policy.yaml"].replace("34", "31").replace("weight: 33", "weight: 36", 1)
    )
    read = read_files(files)
    plan = planning.plan(staging, read)
    assert [line.change.sentence for line in plan.changes][-1] == (
        "Default route: 3.00% of conversations move from swift-small to orchid; no others do."
    )
    proposal = proposing.propose(staging, read, "From Git", "So be it.", acting_user=author)
    assert proposal.change is not None
    assert plan.digest == proposal.change.bundle.digest
    assert earlier(proposal.change.bundle.content) == [weights(34, 33, 33)]
    again = proposing.propose(staging, read, "From Git", "So be it.", acting_user=author)
    assert again.outcome == proposing.Outcome.EXISTS
    steps.pass_evaluation(proposal.change)
    change = steps.approved(changes.submit(proposal.change, acting_user=author), owner)
    publication.publish(change, acting_user=owner)
    # The checkout has not heard of them yet, and says what is in force all the same.
    del files["workflow.yaml"]
    assert planning.plan(staging, read_files(files)).is_unchanged
    export = exporting.export_environment(staging)["router_policy.yaml"]
    assert "earlier_weights:" in export


def test_draft_edited_in_the_console__is_not_overwritten_by_files(
    first: Raw, staging: Environment, author: User
) -> None:
    files = exporting.export_environment(staging)
    raised = {**files, "router_policy.yaml": files["router_policy.yaml"].replace("34", "31")}
    opened = proposing.propose(
        staging, read_files(raised), "From Git", "So be it.", acting_user=author
    )
    assert opened.change is not None and opened.change.draft is not None
    again = {**files, "router_policy.yaml": files["router_policy.yaml"].replace("34", "30")}
    updated = proposing.propose(
        staging, read_files(again), "From Git", "So be it.", acting_user=author
    )
    assert updated.outcome == proposing.Outcome.UPDATED
    row = opened.change.draft.documents.get(kind="router_policy")
    assert row.document["default"]["candidates"][0]["weight"] == 30
    editing.save_document(
        opened.change.draft,
        "router_policy",
        documents(1, 1, 1)["router_policy"],
        acting_user=author,
    )
    with pytest.raises(Exception, match="edited in the console"):
        proposing.propose(staging, read_files(raised), "From Git", "So be it.", acting_user=author)
