"""Every page and answer that tells of a moved policy rule says what the move changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from policies.models import Draft, Environment
from policies.services.authoring import editing
from tests.policies.steps import documents, draft_of, proposed

KIND = "router_policy"
# Code is never of class simple, which only the classification knows.
NO_EFFECT = "no request is decided differently"


def content(*, is_moved: bool) -> dict[str, Any]:
    made = documents()
    code = {"id": "p2", "when": {"task": {"in": ["code"]}}, "route": made[KIND]["default"]}
    rules = [made[KIND]["rules"][0], code]
    made[KIND]["rules"] = rules[::-1] if is_moved else rules
    return made


@pytest.fixture
def draft(staging: Environment, author: User) -> Draft:
    """A draft whose rule was moved, of a workflow that has both orders as versions."""
    for is_moved in (False, True):
        proposed(staging, author, content(is_moved=is_moved))
    draft = draft_of(staging.workflow, author, content(is_moved=False))
    editing.save_document(draft, KIND, content(is_moved=True)[KIND], acting_user=author)
    return draft


@pytest.mark.parametrize("place", ["component-diff", "draft-history", "api:difference"])
def test_move__told_anywhere__is_told_with_its_effect(
    client: Client, draft: Draft, author: User, place: str
) -> None:
    client.force_login(author)
    where = [draft.workflow.slug, *([draft.pk] if place.startswith("draft") else []), KIND]
    shown = client.get(reverse(place, args=where), {"from": 1, "to": 2})
    assert NO_EFFECT in shown.content.decode()
