"""Requests told in sums of a minute: the page says how many, and what is known of them."""

from __future__ import annotations

from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from evaluations.services.outcomes.ingestion import ingest, take_feedback
from evaluations.services.outcomes.rollups import roll_up
from policies.models import Environment
from tests.evaluations.outcome_cast import NOW, event

pytestmark = pytest.mark.django_db


def shown(client: Client, environment: Environment, author: User) -> str:
    roll_up(environment.workflow)
    client.force_login(author)
    with mock.patch.object(timezone, "now", return_value=NOW):
        page = client.get(f"/w/{environment.workflow.slug}/scorecard/?period=24h&env=staging")
    return page.content.decode()


def test_page__requests_told_in_sums__says_how_many_and_of_how_many_quality_is_known(
    client: Client, staging: Environment, author: User
) -> None:
    told = {"summary_id": "s", "minute": NOW.isoformat(), "requests": 7, "class": "simple"}
    sampled = event("r-1", in_sums=True, quality=None, time=NOW.isoformat())
    ingest(staging, [told, sampled], now=NOW)
    take_feedback(staging, [{"request_id": "r-1", "quality": 0.5}], now=NOW)
    text = shown(client, staging, author)
    assert "7 of these requests were told in sums of a minute" in text
    assert "a quality is known of 1 and a label of 0" in text


def test_page__feedback_on_marked_requests_that_no_sums_count__says_so(
    client: Client, staging: Environment, author: User
) -> None:
    names = {"class": "simple", "model": "swift-small", "served_model": "swift-small"}
    told = {"summary_id": "s", "minute": NOW.isoformat(), "requests": 2, **names}
    marked = [
        event(f"r-{n}", in_sums=True, quality=None, time=NOW.isoformat(), class_=key)
        for n, key in enumerate(["simple", "simple", "complex", "complex", "complex"])
    ]
    ingest(staging, [told, *marked], now=NOW)
    assert "that no sums count" not in shown(client, staging, author)
    feedback = [{"request_id": f"r-{n}", "quality": 1, "labelled_class": "x"} for n in range(5)]
    take_feedback(staging, feedback, now=NOW)
    text = shown(client, staging, author)
    assert "Qualities or labels of 3 requests are known that no sums count" in text


def test_page__every_request_told_by_itself__says_nothing_of_sums(
    client: Client, staging: Environment, author: User
) -> None:
    ingest(staging, [event()], now=NOW)
    assert "sums of a minute" not in shown(client, staging, author)
