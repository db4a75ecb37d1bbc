"""Open change requests on one component of one environment name each other."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from policies.models import ChangeRequest, Environment
from policies.services.review import changes
from policies.services.review.overlaps import overlaps_of
from tests.policies.review.test_three_way_rebase import described, documents
from tests.policies.steps import now, proposed, published

Pair = tuple[ChangeRequest, ChangeRequest]


@pytest.fixture
def pair(staging: Environment, author: User, co_author: User, owner: User) -> Pair:
    """Both change the router policy; the second the classification, too."""
    published(staging, author, [owner], owner, documents())
    first = proposed(staging, author, documents(share=80))
    second = proposed(staging, co_author, described(documents(share=70), "Code is complex"))
    return now(first), now(second)


def told(change: ChangeRequest) -> list[tuple[int, tuple[str, ...]]]:
    return [(overlap.other.number, overlap.kinds) for overlap in overlaps_of(now(change))]


def test_two_open_ones__on_one_component__name_each_other(pair: Pair) -> None:
    first, second = pair
    assert told(first) == [(second.number, ("router_policy",))]
    assert told(second) == [(first.number, ("router_policy",))]


def test_two_open_ones__while_one_is_withdrawn__name_nobody(pair: Pair, author: User) -> None:
    first, second = pair
    changes.withdraw(first, acting_user=author)
    assert told(first) == told(second) == []


@pytest.mark.parametrize("where", ["another component", "another environment"])
def test_two_open_ones__apart__name_nobody(
    pair: Pair, production: Environment, author: User, where: str
) -> None:
    first, second = pair
    if where == "another environment":
        change = proposed(production, author, documents(share=60))
    else:
        content = deepcopy(documents(margin=0.01))
        change = proposed(first.environment, author, content)
    assert told(change) == []
    assert len(told(first)) == len(told(second)) == 1


def test_page_and_rest__name_the_other_with_the_component(
    pair: Pair, author: User, client: Client
) -> None:
    first, second = pair
    client.force_login(author)
    page = client.get(first.get_absolute_url()).content.decode()
    assert f"#{second.number} {second.title}" in page
    assert "changes the router policy of staging as well" in page
    address = f"/api/v1/workflows/{first.workflow.slug}/changes/{first.number}/"
    answer: Any = client.get(address).json()
    assert answer["overlaps"] == [
        {
            "number": second.number,
            "title": second.title,
            "state": "draft",
            "components": ["router_policy"],
        }
    ]
