"""Two change requests that add different rules: neither undoes the other without saying so."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from policies.governance.refusals import Refused
from policies.models import AuditEvent, ChangeRequest, Environment, Release
from policies.services.releases import publication
from policies.services.review import changes, merging
from tests.policies.review.test_three_way_rebase import documents
from tests.policies.steps import (
    approved,
    in_review,
    now,
    pass_evaluation,
    proposed,
    published,
)

UNDOES_X = "Rule “x” removed"


def with_rule(rule: str) -> dict[str, Any]:
    """The documents with one policy rule more: x at the very front, y before the last."""
    content = documents()
    place, class_key = {"x": (0, "simple"), "y": (1, "complex")}[rule]
    when = {"class": {"in": [class_key]}, "prompt_tokens": {"gte": 1000}}
    route = {"select": "ordered", "candidates": [{"model": "orchid"}]}
    content["router_policy"]["rules"].insert(place, {"id": rule, "when": when, "route": route})
    return content


@pytest.fixture
def second(staging: Environment, author: User, co_author: User, owner: User) -> ChangeRequest:
    """B adds rule y, opened before A, which adds rule x elsewhere, was published."""
    published(staging, author, [owner], owner, documents())
    change = proposed(staging, author, with_rule("y"))
    published(staging, co_author, [owner], owner, with_rule("x"))
    return now(change)


def rule_ids(content: dict[str, Any]) -> set[str]:
    return {rule["id"] for rule in content["router_policy"]["rules"]}


def rest(client: Client, change: ChangeRequest, act: str, **body: str) -> Any:
    address = f"/api/v1/workflows/{change.workflow.slug}/changes/{change.number}/{act}/"
    return client.post(address, body, content_type="application/json")


def test_rest__rebase_that_would_undo__is_refused_and_points_to_merge(
    second: ChangeRequest, author: User, client: Client
) -> None:
    client.force_login(author)
    answer = rest(client, second, "rebase")
    assert answer.status_code == 409
    (reason,) = answer.json()["reasons"]
    assert reason["code"] == "undoes"
    assert UNDOES_X in reason["sentence"]
    assert "merge" in reason["resolve"]
    assert now(second).base_release.number == 1  # type: ignore[union-attr]


def test_rest__three_way__tells_what_a_rebase_would_undo(
    second: ChangeRequest, author: User, client: Client
) -> None:
    client.force_login(author)
    address = f"/api/v1/workflows/{second.workflow.slug}/changes/{second.number}/three-way/"
    (undone,) = client.get(address).json()["undone"]
    assert UNDOES_X in undone


def test_rest__merged_instead__both_rules_are_in_force(
    second: ChangeRequest, author: User, owner: User, client: Client
) -> None:
    client.force_login(author)
    against = client.get(
        f"/api/v1/workflows/{second.workflow.slug}/changes/{second.number}/three-way/"
    ).json()["against"]
    assert rest(client, second, "merge", against=against).status_code == 200
    pass_evaluation(second)
    changes.submit(now(second), acting_user=author)
    release = publication.publish(approved(now(second), owner), acting_user=owner)
    assert {"x", "y"} <= rule_ids(release.bundle.content)


def test_rest__undone_on_purpose__is_rebased_and_written_down(
    second: ChangeRequest, author: User, client: Client
) -> None:
    client.force_login(author)
    address = f"/api/v1/workflows/{second.workflow.slug}/changes/{second.number}/three-way/"
    against = client.get(address).json()["against"]
    assert rest(client, second, "rebase", undoes="sha256:other").status_code == 409
    assert rest(client, second, "rebase", undoes=against).status_code == 200
    row = AuditEvent.objects.filter(action="change.rebased").latest("pk")
    assert UNDOES_X in row.detail["undone"][0]


def test_check_of_the_base__names_what_would_be_undone_and_points_to_merge(
    staging: Environment, author: User, co_author: User, owner: User
) -> None:
    published(staging, author, [owner], owner, documents())
    change = approved(in_review(staging, author, documents(share=80)), owner)
    published(staging, co_author, [owner], owner, with_rule("x"))
    with pytest.raises(Refused) as refused:
        publication.publish(now(change), acting_user=owner)
    (reason,) = [one for one in refused.value.reasons if "base" in one.sentence]
    assert UNDOES_X in reason.sentence
    assert "merge" in reason.resolve


def test_page__rebase_that_would_undo__lists_it_and_needs_the_button_that_says_so(
    second: ChangeRequest, author: User, client: Client
) -> None:
    client.force_login(author)
    page = client.get(second.get_absolute_url()).content.decode()
    assert "Undone unless it is merged in" in page and UNDOES_X in page
    act = reverse("change-act", args=[second.workflow.slug, second.number, "rebase"])
    refused = client.post(act)
    assert refused.status_code == 409
    assert UNDOES_X in refused.content.decode()
    comparison = merging.comparison_of(second)
    assert comparison is not None
    assert client.post(act, {"undoes": comparison.against}).status_code == 302


def test_who_undoes_on_purpose__has_worked_on_it(
    second: ChangeRequest, co_author: User, reviewer: User
) -> None:
    assert second.base_release is not None
    active = Release.objects.active().get(environment=second.environment)
    merging.rebase_as_it_is(second, acting_user=co_author, undoes=active.bundle.digest)
    assert co_author in second.contributors.all()


def test_rebase__that_undoes_nothing__needs_no_word(
    staging: Environment, author: User, co_author: User, owner: User, client: Client
) -> None:
    published(staging, author, [owner], owner, documents())
    change = proposed(staging, author, with_rule("x"))
    published(staging, co_author, [owner], owner, with_rule("x"))
    client.force_login(author)
    assert rest(client, now(change), "rebase").status_code == 200
