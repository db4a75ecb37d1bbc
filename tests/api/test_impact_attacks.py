"""What an author uploads and a router reports over REST lowers no number of approvals."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from evaluations.services.impact.checking import record_impact
from policies.engine import Request, decide, parse_bundle
from policies.models import ChangeRequest, Environment
from policies.services.routers.tokens import issue_router_token
from tests.api.conftest import Caller, codes
from tests.evaluations.outcome_cast import event
from tests.evaluations.outcome_files import row
from tests.evaluations.runs_here import imported, required
from tests.policies.review_steps import ruled
from tests.policies.steps import approved, documents, in_review, published, use_data_folder

pytestmark = pytest.mark.usefixtures("empty_cache")
REROUTED = {"condition": "rerouted", "above": 0.2, "approvals": 1, "role": None}
WORKFLOW = "/workflows/support-assistant/"


@pytest.fixture
def careful(
    production: Environment,
    administrator: User,
    author: User,
    reviewer: User,
    owner: User,
    settings: Settings,
    tmp_path: Path,
) -> Environment:
    """Two approvals, and a third where a fifth of the traffic goes to another model."""
    use_data_folder(settings, tmp_path)
    published(production, author, [reviewer, owner], owner)
    return ruled(production, administrator, risk_rules=[REROUTED])


def told(caller: Caller, change: ChangeRequest) -> tuple[int, str]:
    """Measure it, as the worker does by itself: approvals asked for, and the state."""
    record_impact(change.pk)
    found = caller.get(f"{WORKFLOW}changes/{change.number}/").json()
    return found["standing"]["required_approvals"], found["state"]


def test_author__uploads_harmless_rows__the_approvals_asked_for_stay(
    careful: Environment,
    calling: Callable[[User], Caller],
    author: User,
    reviewer: User,
    owner: User,
    tmp_path: Path,
) -> None:
    required(careful, imported(careful.workflow, owner, tmp_path), sealed_share=0.05)
    change = in_review(careful, author, documents(share=10))
    asker = calling(author)
    assert told(asker, change) == (3, "in_review")
    approved(change, reviewer, owner)
    rows = [
        json.dumps(row(f"h{index}", "swift-large", task="code", features={"prompt_tokens": 50}))
        for index in range(30)
    ]
    address = f"/api/v1{WORKFLOW}datasets/?name=harmless&file_name=d.jsonl"
    body = "\n".join(rows).encode()
    answer = asker.client.post(address, body, content_type="application/octet-stream")
    assert answer.status_code == 201, answer.json()
    assert told(asker, change) == (3, "in_review")
    refused = calling(owner).post(f"{WORKFLOW}changes/{change.number}/publish/")
    assert (refused.status_code, "approvals" in codes(refused)) == (409, True)


def untouched(change: ChangeRequest) -> list[dict[str, Any]]:
    """Five outcomes of a class that the change leaves alone."""
    attributes = {"task": "code", "prompt_tokens": 50}
    return [
        {**event(f"w{index}", class_="complex", model="swift-large"), "attributes": attributes}
        for index in range(5)
    ]


def staying(change: ChangeRequest) -> list[dict[str, Any]]:
    """Five outcomes that meet the changed rule and keep their model by it."""
    assert change.base_release is not None
    bundles = [parse_bundle(b.content) for b in (change.base_release.bundle, change.bundle)]
    attributes: dict[str, Any] = {"task": "answer", "prompt_tokens": 50}
    found: list[dict[str, Any]] = []
    for name in (f"s{index}" for index in itertools.count()):
        was, now = (decide(bundle, Request(attributes, request_id=name)) for bundle in bundles)
        if was.model == now.model:
            found.append({**event(name, model=now.model), "attributes": attributes})
        if len(found) == 5:
            return found
    raise AssertionError


@pytest.mark.parametrize("made_up", [untouched, staying])
def test_router__reports_five_outcomes__the_approvals_asked_for_stay(
    careful: Environment,
    calling: Callable[[User], Caller],
    author: User,
    reviewer: User,
    owner: User,
    made_up: Callable[[ChangeRequest], list[dict[str, Any]]],
) -> None:
    change = in_review(careful, author, documents(share=10))
    asker = calling(author)
    assert told(asker, change) == (3, "in_review")  # nothing is recorded, so nothing is known
    approved(change, reviewer, owner)
    _, plain = issue_router_token(careful, "router", acting_user=owner)
    events = [{**one, "time": timezone.now().isoformat()} for one in made_up(change)]
    sent = {"Authorization": f"Bearer {plain}"}
    answer = Client().post("/api/v1/outcomes", events, "application/json", headers=sent)
    assert answer.json()["accepted"] == 5
    assert told(asker, change) == (3, "in_review")
    refused = calling(owner).post(f"{WORKFLOW}changes/{change.number}/publish/")
    assert (refused.status_code, "approvals" in codes(refused)) == (409, True)
