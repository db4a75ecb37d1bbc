"""Two people at one draft are told of each other, and of what the other saved."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from redis.exceptions import ConnectionError as NoRedis

from policies.models import Draft, Workflow
from policies.services.authoring import editing, presence
from tests.policies.authoring.test_studio_saving import address
from tests.policies.steps import documents, draft_of

KIND = "router_policy"
pytestmark = pytest.mark.usefixtures("empty_cache")


@pytest.fixture
def draft(workflow: Workflow, author: User) -> Draft:
    return draft_of(workflow, author)


def line(client: Client, draft: Draft, **query: str) -> str:
    where = reverse("draft-presence", args=[draft.workflow.slug, draft.pk, KIND])
    return client.get(where, query).content.decode()


def test_other_author__who_opened_the_editor__is_named(
    client: Client, draft: Draft, author: User, co_author: User
) -> None:
    client.force_login(co_author)
    client.get(address(draft, KIND))
    assert "editing this too" not in line(client, draft)
    client.force_login(author)
    said = line(client, draft)
    assert f"{co_author.get_full_name()} is editing this too" in said


def test_reader__who_may_not_edit__is_not_named(
    client: Client, draft: Draft, author: User, viewer: User
) -> None:
    client.force_login(viewer)
    client.get(address(draft, KIND))
    line(client, draft)
    assert presence.others(draft, author) == []


def test_newer_revision__of_somebody_else_or_another_window__is_offered(
    client: Client, draft: Draft, author: User, co_author: User
) -> None:
    editing.save_document(draft, KIND, documents(share=40)[KIND], acting_user=co_author)
    client.force_login(author)
    assert f"{co_author.get_full_name()} saved revision 2" in line(client, draft, _revision="1")
    assert "saved revision" not in line(client, draft, _revision="2")
    client.force_login(co_author)
    assert "You saved revision 2 in another window" in line(client, draft, _revision="1")


def test_line__that_the_page_shows_already__is_not_sent_again(
    client: Client, draft: Draft, author: User
) -> None:
    client.force_login(author)
    told = line(client, draft).split('name="_told" value="')[1].split('"')[0]
    where = reverse("draft-presence", args=[draft.workflow.slug, draft.pk, KIND])
    assert client.get(where, {"_told": told}).status_code == 204


def test_editor__without_a_cache__works_as_before(
    client: Client, draft: Draft, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise NoRedis

    monkeypatch.setattr(cache, "set", fail)
    monkeypatch.setattr(cache, "get_many", fail)
    client.force_login(author)
    assert "This document is valid" in client.get(address(draft, KIND)).content.decode()
    assert "editing this too" not in line(client, draft)


def test_outsider__asks_who_is_there__finds_no_draft(
    client: Client, draft: Draft, outsider: User
) -> None:
    client.force_login(outsider)
    where = reverse("draft-presence", args=[draft.workflow.slug, draft.pk, KIND])
    assert client.get(where).status_code == 404
