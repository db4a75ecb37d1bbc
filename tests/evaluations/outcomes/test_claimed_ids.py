"""A request id under which another token reported something else: the sender hears of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from evaluations.models import Outcome
from evaluations.services.outcomes.ingestion import Receipt, ingest
from evaluations.services.outcomes.removing import remove_reported
from policies.models import Environment, RouterToken
from policies.services.routers.tokens import issue_router_token
from tests.evaluations.outcome_cast import HOUR, NOW, event

pytestmark = pytest.mark.django_db


@pytest.fixture
def genuine(staging: Environment, owner: User) -> RouterToken:
    return issue_router_token(staging, "genuine", acting_user=owner)[0]


@pytest.fixture
def stolen(staging: Environment, owner: User) -> RouterToken:
    return issue_router_token(staging, "stolen", acting_user=owner)[0]


def tell(token: RouterToken, *events: Any) -> Receipt:
    return ingest(token.environment, events, now=NOW, token=token)


def test_outcome__under_an_id_that_another_token_took_for_another_request__is_rejected(
    genuine: RouterToken, stolen: RouterToken
) -> None:
    tell(stolen, event("b", time=(NOW - HOUR).isoformat()))
    receipt = tell(
        genuine, event("a"), event("b"), event("c", quality=2), {**event(), "request_id": ["b"]}
    )
    assert (receipt.accepted, receipt.duplicates) == (1, 0)
    claimed, wrong, _ = receipt.rejected
    assert (claimed.index, claimed.pointer) == (1, "/request_id")
    assert "another token" in claimed.message
    assert "if that token was stolen, revoke it" in claimed.message
    assert (wrong.index, wrong.pointer) == (2, "/quality")
    assert Outcome.objects.get(request_id="b").token == stolen


def test_outcome__under_a_taken_id__is_taken_in_once_the_reports_of_the_other_are_removed(
    genuine: RouterToken, stolen: RouterToken, owner: User
) -> None:
    tell(stolen, event("a", latency_ms=1))
    assert tell(genuine, event("a")).rejected
    remove_reported(stolen, acting_user=owner)
    assert tell(genuine, event("a")).accepted == 1


def test_outcome__sent_again_with_the_successor_of_a_token__is_a_duplicate(
    genuine: RouterToken, stolen: RouterToken
) -> None:
    tell(genuine, event("a", quality=None))
    receipt = tell(stolen, event("a", quality=0.5))
    assert (receipt.accepted, receipt.duplicates, receipt.rejected) == (0, 1, ())


def test_outcome__that_differs_from_what_its_own_token_told__is_a_duplicate(
    genuine: RouterToken,
) -> None:
    tell(genuine, event("a"))
    receipt = tell(genuine, event("a", latency_ms=1), event("a"))
    assert (receipt.accepted, receipt.duplicates, receipt.rejected) == (0, 2, ())
