"""What came with each token in the last day is counted, so that one that lies stands out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from evaluations.services.outcomes.ingestion import ingest, take_feedback
from evaluations.services.outcomes.removing import remove_reported
from policies.models import Release, ReportedHour, RouterToken
from policies.services.routers.reported import with_reports
from policies.services.routers.tokens import issue_router_token
from policies.tasks import forget_gone_routers
from tests.evaluations.outcome_cast import HOUR, NOW, event, minute_sums
from tests.policies.routers.fleet_cast import Routers

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def token(release: Release, owner: User) -> RouterToken:
    return issue_router_token(release.environment, "eu", acting_user=owner)[0]


def told(token: RouterToken, now: Any = NOW) -> tuple[int, ...]:
    """Outcomes, requests in sums, feedback and routers of the last day."""
    row = vars(with_reports(RouterToken.objects.filter(pk=token.pk), now).get())
    names = ("outcomes", "requests_in_sums", "feedback", "routers")
    return tuple(row[f"told_{name}"] for name in names)


def test_counted__what_came_with_a_token__without_duplicates_and_what_was_rejected(
    token: RouterToken, release: Release, owner: User
) -> None:
    other, _ = issue_router_token(release.environment, "us", acting_user=owner)
    batch = [event("a"), event("b"), {"request_id": ""}, minute_sums("s", requests=700)]
    ingest(token.environment, batch, now=NOW, token=token)
    again = [event("a"), minute_sums("s", requests=700), minute_sums("t", requests=30)]
    ingest(token.environment, again, now=NOW + HOUR, token=token)
    said = [{"request_id": "a", "quality": 0.1}, {"request_id": "unknown", "quality": 0.1}]
    take_feedback(token.environment, said, now=NOW + HOUR, token=token)
    Routers(token, NOW).say("router", None)
    assert told(token, NOW + HOUR) == (2, 730, 1, 1)
    assert told(other, NOW + HOUR) == (0, 0, 0, 0)
    row = with_reports(RouterToken.objects.filter(pk=token.pk), NOW).get()
    assert vars(row)["last_reported_at"] == NOW + HOUR


def test_counted__longer_ago_than_a_day__is_left_out(token: RouterToken) -> None:
    ingest(token.environment, [event("a")], now=NOW, token=token)
    ingest(token.environment, [event("b")], now=NOW + 10 * HOUR, token=token)
    assert told(token, NOW + 24 * HOUR) == (2, 0, 0, 0)
    assert told(token, NOW + 25 * HOUR) == (1, 0, 0, 0)


def test_counted__of_what_was_taken_back__is_nothing(token: RouterToken, owner: User) -> None:
    ingest(token.environment, [event("a")], now=NOW, token=token)
    remove_reported(token, acting_user=owner)
    assert told(token) == (0, 0, 0, 0)


def test_hours__long_past__are_forgotten_but_the_last_of_each_token(
    token: RouterToken, release: Release, owner: User
) -> None:
    quiet, _ = issue_router_token(release.environment, "us", acting_user=owner)
    long_ago = timezone.now() - 10 * 24 * HOUR
    for of, name, moment in (
        (token, "a", long_ago),
        (token, "b", long_ago + HOUR),
        (token, "c", timezone.now()),
        (quiet, "d", long_ago - HOUR),
        (quiet, "e", long_ago),
    ):
        ingest(of.environment, [event(name, time=moment.isoformat())], now=moment, token=of)
    forget_gone_routers()
    assert ReportedHour.objects.filter(token=token).count() == 1
    assert told(token, timezone.now()) == (1, 0, 0, 0)
    assert ReportedHour.objects.get(token=quiet).last_at == long_ago


def test_counts__on_the_settings_and_over_rest__stand_with_each_token(
    token: RouterToken, owner: User, client: Client
) -> None:
    now = timezone.now()
    batch = [event("a", time=now.isoformat()), minute_sums("s", requests=12_345)]
    batch[1]["minute"] = now.replace(second=0, microsecond=0).isoformat()
    ingest(token.environment, batch, now=now, token=token)
    client.force_login(owner)
    workflow = token.environment.workflow.slug
    page = client.get(f"/w/{workflow}/settings/").content.decode()
    assert "1 outcome" in page and "12,345 requests in sums" in page
    address = f"/api/v1/workflows/{workflow}/environments/{token.environment.name}/router-tokens/"
    shown = json.loads(client.get(address).content)["results"][0]
    assert shown["reported_in_24_hours"] == {
        "outcomes": 1,
        "requests_in_sums": 12_345,
        "feedback": 0,
        "routers": 0,
    }
    assert shown["last_reported_at"] is not None
