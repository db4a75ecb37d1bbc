"""Threads on a place of the bundle: found again after an edit, answered, resolved."""

from copy import deepcopy

import pytest
from django.contrib.auth.models import User
from django.test import Client

from policies.governance.refusals import Refused
from policies.governance.roles import Role
from policies.models import ChangeRequest, Environment
from policies.services.releases import publication
from policies.services.review import changes, threads
from policies.wording.anchors import find_again, place_at
from tests.policies.cast import member
from tests.policies.review_steps import ruled
from tests.policies.steps import approved, documents, in_review, now, save_and_take_over

RULE = "/router_policy/rules/0"


def said(change: ChangeRequest) -> threads.Thread:
    (thread,) = threads.threads_of(now(change), change.comments.all())
    return thread


@pytest.fixture
def change(staging: Environment, author: User) -> ChangeRequest:
    return in_review(staging, author)


@pytest.mark.parametrize(
    ("pointer", "words"),
    [
        ("", "the whole change"),
        ("/router_policy", "the router policy"),
        (RULE, "rule “p1” of the router policy"),
        (
            f"{RULE}/route/candidates/1",
            "rule “p1”, route, candidate “orchid” of the router policy",
        ),
        ("/fallback_matrix/rows/1", "row “swift-large” of the fallback matrix"),
        (
            "/quality_thresholds/thresholds/0",
            "threshold “quality-no-worse” of the quality thresholds",
        ),
    ],
)
def test_place__is_told_in_words_and_found_by_name(pointer: str, words: str) -> None:
    place = place_at(documents(), pointer)
    assert place is not None
    assert place.words == words
    assert find_again(documents(), place.path) == place


@pytest.mark.parametrize("pointer", ["rules", "/router_policy/rules/7", "/router_policy/rules/-1"])
def test_pointer__to_nothing__is_no_place(pointer: str) -> None:
    assert place_at(documents(), pointer) is None


def test_place__moved_by_another_rule__is_found_by_its_name() -> None:
    content = documents()
    place = place_at(content, RULE)
    assert place is not None
    moved = deepcopy(content)
    rule = {**moved["router_policy"]["rules"][0], "id": "p0"}
    moved["router_policy"]["rules"].insert(0, rule)
    found = find_again(moved, place.path)
    assert found is not None
    assert (found.pointer, found.digest) == ("/router_policy/rules/1", place.digest)


def test_thread__after_an_edit__says_changed_or_gone(
    change: ChangeRequest, author: User, reviewer: User
) -> None:
    changes.comment(change, "Why 90?", anchor=RULE, acting_user=reviewer)
    assert said(change).standing == "same"
    save_and_take_over(change, documents(share=50), author)
    assert said(change).standing == "changed"
    policy = documents()["router_policy"]
    policy["rules"][0]["id"] = "other"
    save_and_take_over(change, {"router_policy": policy}, author)
    assert said(change).standing == "gone"
    assert said(change).root.anchor_words == "rule “p1” of the router policy"


def test_answer__to_an_answer__joins_the_thread(
    change: ChangeRequest, author: User, reviewer: User
) -> None:
    first = changes.comment(change, "Why?", anchor=RULE, acting_user=reviewer)
    second = changes.comment(change, "Cheaper.", reply_to=first.pk, acting_user=author)
    changes.comment(change, "Fine.", reply_to=second.pk, acting_user=reviewer)
    assert [reply.body for reply in said(change).replies] == ["Cheaper.", "Fine."]


def test_answer__to_a_remark_of_another_change__is_refused(
    change: ChangeRequest, staging: Environment, author: User
) -> None:
    other = in_review(staging, author, documents(share=50))
    remark = changes.comment(other, "Hm.", acting_user=author)
    with pytest.raises(Refused) as refusal:
        changes.comment(change, "What?", reply_to=remark.pk, acting_user=author)
    assert refusal.value.codes == ("reply_to",)


def test_anchor__to_nothing__is_refused(change: ChangeRequest, author: User) -> None:
    with pytest.raises(Refused) as refusal:
        changes.comment(change, "What?", anchor="/nowhere", acting_user=author)
    assert refusal.value.codes == ("anchor",)


def test_plain_remark__resolves_nothing(change: ChangeRequest, author: User) -> None:
    remark = changes.comment(change, "Hello.", acting_user=author)
    with pytest.raises(Refused) as refusal:
        threads.resolve(remark, acting_user=author)
    assert refusal.value.codes == ("thread",)


def test_viewer__neither_answers_nor_resolves(
    change: ChangeRequest, viewer: User, reviewer: User
) -> None:
    remark = changes.comment(change, "Why?", anchor=RULE, acting_user=reviewer)
    for act in (threads.resolve, threads.reopen):
        with pytest.raises(Refused) as refusal:
            act(remark, acting_user=viewer)
        assert refusal.value.codes == ("role",)


def test_thread_that_holds_back__is_resolved_by_nobody_whom_it_holds_back(
    staging: Environment, administrator: User, author: User, owner: User, reviewer: User
) -> None:
    """Neither by who worked on it, nor by an author who did not; by who began it or may review."""
    ruled(staging, administrator, threads_must_be_resolved=True)
    change = in_review(staging, author)
    colluder = member(staging.workflow.team, administrator, "colluder", "Col Uder", Role.AUTHOR)
    remark = changes.comment(change, "Why?", anchor=RULE, acting_user=owner)
    for user in (author, colluder):
        with pytest.raises(Refused) as refusal:
            threads.resolve(remark, acting_user=user)
        assert refusal.value.codes == ("four_eyes",)
    assert said(change).is_open
    threads.resolve(remark, acting_user=reviewer)
    threads.reopen(remark, acting_user=author)
    threads.resolve(remark, acting_user=owner)
    own = changes.comment(change, "Mine.", anchor=RULE, acting_user=author)
    threads.resolve(own, acting_user=author)


def test_thread_that_holds_nothing_back__is_resolved_by_whoever_may_comment(
    change: ChangeRequest, author: User, owner: User
) -> None:
    remark = changes.comment(change, "Why?", anchor=RULE, acting_user=owner)
    threads.resolve(remark, acting_user=author)
    assert not said(change).is_open


def test_review_page__offers_to_resolve_only_what_one_may(
    change: ChangeRequest,
    staging: Environment,
    administrator: User,
    author: User,
    owner: User,
    client: Client,
) -> None:
    ruled(staging, administrator, threads_must_be_resolved=True)
    changes.comment(change, "Why?", anchor=RULE, acting_user=owner)
    for user, offered in ((author, False), (owner, True)):
        client.force_login(user)
        text = client.get(change.get_absolute_url()).content.decode()
        assert (">Resolve</button>" in text) == offered


def test_open_threads__block_publication_only_where_asked(
    change: ChangeRequest, staging: Environment, administrator: User, owner: User
) -> None:
    remark = changes.comment(change, "Why?", anchor=RULE, acting_user=owner)
    approved(change, owner)
    ruled(staging, administrator, threads_must_be_resolved=True)
    with pytest.raises(Refused) as refusal:
        publication.publish(now(change), acting_user=owner)
    assert refusal.value.codes == ("threads",)
    threads.resolve(remark, acting_user=owner)
    threads.reopen(remark, acting_user=owner)
    assert said(change).is_open
    threads.resolve(remark, acting_user=owner)
    publication.publish(now(change), acting_user=owner)
