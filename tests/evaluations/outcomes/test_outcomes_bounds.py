"""What one router's token may bring: so many names, releases of its environment, so many events."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from evaluations.api import outcomes as endpoint
from evaluations.models import Outcome, OutcomeRollup, ReportedName
from evaluations.services.outcomes.ingestion import ingest, take_feedback
from evaluations.services.outcomes.rollups import roll_up
from evaluations.services.scorecard.scorecard import Filters, scorecard
from policies.delivery.limits import RateLimit, TokenBuckets
from policies.models import Release, RouterToken
from policies.services.routers.tokens import issue_router_token
from tests.evaluations.outcome_cast import NOW, event

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def token(release: Release, owner: User) -> RouterToken:
    return issue_router_token(release.environment, "eu", acting_user=owner)[0]


def report(token: RouterToken, *events: dict[str, Any]) -> None:
    receipt = ingest(token.environment, events, now=NOW, token=token)
    assert receipt.rejected == ()


def distinct(column: str) -> set[str]:
    return set(Outcome.objects.values_list(column, flat=True))


def test_outcomes__of_invented_names__are_kept_as_other_beyond_the_allowance(
    token: RouterToken,
) -> None:
    invented = [
        event(f"r-{n}", class_=f"c{n}", model=f"m{n}", rule=f"x{n}", tenant=f"t{n}")
        for n in range(1000)
    ]
    report(token, *invented)
    report(token, *({**entry, "request_id": f"again-{n}"} for n, entry in enumerate(invented)))
    assert len(distinct("class_key")) == 51 and "other" in distinct("class_key")
    assert len(distinct("rule")) == 201 and len(distinct("tenant")) == 1000
    models = distinct("model") | distinct("served_model")
    assert len(models) == 101 and "other" in models
    roll_up(token.environment.workflow)
    others = OutcomeRollup.objects.filter(class_key="other", grain="hour")
    assert sum(row.requests for row in others) == 2 * 950
    assert OutcomeRollup.objects.filter(grain="hour").count() <= 102
    shown = scorecard(token.environment, Filters("24h"), now=NOW)
    assert (shown.requests, shown.with_other_names) == (2000, 1900)
    known = scorecard(token.environment, Filters("24h", class_key="c1"), now=NOW)
    assert known.with_other_names == 0


def test_outcomes__of_names_that_were_published__need_no_allowance(
    token: RouterToken, release: Release
) -> None:
    class_key = release.bundle.content["request_classification"]["classes"][0]["key"]
    report(token, event("a", class_=class_key, model="swift-small", rule="default"))
    assert not ReportedName.objects.exists()
    assert Outcome.objects.get().class_key == class_key


def test_outcomes__of_a_release_that_was_never_published__are_of_other(
    token: RouterToken, release: Release
) -> None:
    report(
        token,
        event("a", release_digest=release.bundle.digest),
        event("b", release_digest="sha256:" + "f" * 64),
    )
    assert Outcome.objects.get(request_id="a").release_digest == release.bundle.digest
    assert Outcome.objects.get(request_id="b").release_digest == "other"


def test_outcomes__of_one_token__do_not_use_up_the_allowance_of_another(
    token: RouterToken, owner: User
) -> None:
    report(token, *(event(f"r-{n}", class_=f"c{n}") for n in range(100)))
    second, _ = issue_router_token(token.environment, "us", acting_user=owner)
    report(second, event("mine", class_="mine"))
    assert Outcome.objects.get(request_id="mine").class_key == "mine"
    assert Outcome.objects.get(request_id="mine").token == second


def test_feedback__with_invented_labels__is_kept_as_other_beyond_the_allowance(
    token: RouterToken,
) -> None:
    report(token, *(event(f"r-{n}") for n in range(60)))
    told = [{"request_id": f"r-{n}", "labelled_class": f"label{n}"} for n in range(60)]
    take_feedback(token.environment, told, now=NOW, token=token)
    assert len(distinct("labelled_class")) <= 51 and "other" in distinct("labelled_class")


def test_outcome__of_a_cost_beyond_belief__is_rejected(token: RouterToken) -> None:
    receipt = ingest(token.environment, [event(cost_usd=1001)], now=NOW, token=token)
    assert receipt.rejected[0].message == "must be a number from 0 to 1,000"


def test_outcomes__more_than_a_token_may_report__are_told_how_long_to_wait(
    client: Client, release: Release, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "REPORTS", TokenBuckets(RateLimit(2, 10), lambda: 0.0))
    _, plain = issue_router_token(release.environment, "eu", acting_user=owner)

    def send(count: int) -> Any:
        body = json.dumps([event(f"{count}-{n}") for n in range(count)])
        bearer = {"Authorization": f"Bearer {plain}"}
        path = "/api/v1/outcomes"
        return client.post(path, body, content_type="application/json", headers=bearer)

    with mock.patch.object(timezone, "now", return_value=NOW):
        assert send(8).status_code == 200
        refused = send(6)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert send(2).status_code == 200
