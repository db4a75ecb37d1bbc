"""History, undo and redo on the pages of the studio."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from policies.models import Draft, Workflow
from policies.services.authoring import editing
from tests.policies.authoring.test_studio_saving import HTMX, address, posted, written_out
from tests.policies.steps import documents, draft_of

KIND = "router_policy"


@pytest.fixture
def draft(workflow: Workflow, author: User) -> Draft:
    return draft_of(workflow, author)


def row(draft: Draft) -> Any:
    return draft.documents.get(kind=KIND)


def typed(revision: int, text: str, edit: str) -> dict[str, Any]:
    data = posted(KIND, written_out(KIND), revision, _edit=edit)
    return data | {"rules.0.description": text}


def history(draft: Draft) -> str:
    return reverse("draft-history", args=[draft.workflow.slug, draft.pk, KIND])


def restore(draft: Draft, revision: int) -> str:
    return f"{history(draft)}{revision}/restore/"


def test_history__says_who_saved_what_in_words(
    client: Client, draft: Draft, co_author: User
) -> None:
    editing.save_document(draft, KIND, documents(share=40)[KIND], acting_user=co_author)
    client.force_login(co_author)
    page = client.get(history(draft)).content.decode()
    assert "Revision 2" in page and co_author.get_username() in page
    assert "swift-small gets 40% of requests, was 90%" in page
    assert "The document as it was at first." in page
    fragment = client.get(history(draft), headers=HTMX).content.decode()
    assert "<html" not in fragment and "swift-small gets 40%" in fragment


def test_history__longer_than_a_page__leads_on_to_earlier_revisions(
    client: Client, draft: Draft, author: User
) -> None:
    for percent in range(10, 35):
        editing.save_document(draft, KIND, documents(share=percent)[KIND], acting_user=author)
    client.force_login(author)
    assert "?before=7" in client.get(history(draft)).content.decode()
    page = client.get(history(draft), {"before": "7"}).content.decode()
    assert "Revision 6" in page and "Revision 7" not in page and "?before" not in page


def test_undo__of_what_was_just_typed__keeps_it_in_the_history(
    client: Client, draft: Draft, author: User
) -> None:
    client.force_login(author)
    page = client.post(address(draft, KIND), typed(1, "Typed", "undo"), headers=HTMX)
    assert (row(draft).revision, row(draft).document) == (3, documents()[KIND])
    shown = page.content.decode()
    assert 'name="_revision" value="3"' in shown and 'data-focus="undo"' in shown
    assert "Typed" not in shown
    again = posted(KIND, written_out(KIND), 3, _edit="redo")
    assert "Typed" in client.post(address(draft, KIND), again, headers=HTMX).content.decode()
    assert row(draft).document["rules"][0]["description"] == "Typed"


def test_undo__with_nothing_to_undo__changes_nothing(
    client: Client, draft: Draft, author: User
) -> None:
    client.force_login(author)
    data = posted(KIND, written_out(KIND), 1, _edit="undo")
    answer = client.post(address(draft, KIND), data, headers=HTMX)
    assert answer.status_code == 200 and row(draft).revision == 1
    assert 'id="undo" data-key="u"' in answer.content.decode()


def test_undo__after_somebody_else_saved__is_refused(
    client: Client, draft: Draft, author: User, co_author: User
) -> None:
    editing.save_document(draft, KIND, documents(share=40)[KIND], acting_user=co_author)
    client.force_login(author)
    answer = client.post(address(draft, KIND), typed(1, "Mine", "undo"), headers=HTMX)
    assert answer.status_code == 409 and "Mine" in answer.content.decode()
    assert row(draft).document == documents(share=40)[KIND]


@pytest.mark.parametrize("edit", ["restore:9", "restore:", "restore:x", "restore:-1"])
def test_restore__of_what_is_not_kept__is_refused(
    client: Client, draft: Draft, author: User, edit: str
) -> None:
    client.force_login(author)
    data = posted(KIND, written_out(KIND), 1, _edit=edit)
    assert client.post(address(draft, KIND), data, headers=HTMX).status_code == 400
    assert row(draft).revision == 1


def test_restore__from_the_editor__shows_the_earlier_document(
    client: Client, draft: Draft, author: User
) -> None:
    editing.save_document(draft, KIND, documents(share=40)[KIND], acting_user=author)
    client.force_login(author)
    data = posted(KIND, documents(share=40)[KIND], 2, _edit="restore:1")
    assert client.post(address(draft, KIND), data, headers=HTMX).status_code == 200
    assert row(draft).document == documents()[KIND] and row(draft).revision == 3


def test_restore__from_the_page__leads_back_to_the_editor(
    client: Client, draft: Draft, author: User
) -> None:
    editing.save_document(draft, KIND, documents(share=40)[KIND], acting_user=author)
    client.force_login(author)
    answer = client.post(restore(draft, 1), {"_revision": "2"}, follow=True)
    assert "Revision 1 is back, as revision 3." in answer.content.decode()
    assert client.post(restore(draft, 1), {"_revision": "2"}).status_code == 409
    assert client.post(restore(draft, 77), {"_revision": "3"}).status_code == 404
    assert row(draft).revision == 3


def test_restore__by_a_viewer_or_an_outsider__is_not_possible(
    client: Client, draft: Draft, viewer: User, outsider: User
) -> None:
    client.force_login(viewer)
    assert client.get(history(draft)).status_code == 200
    assert "Restore</button>" not in client.get(history(draft)).content.decode()
    assert client.post(restore(draft, 1), {"_revision": "1"}).status_code == 403
    client.force_login(outsider)
    assert client.get(history(draft)).status_code == 404
    assert client.post(restore(draft, 1), {"_revision": "1"}).status_code == 404
    assert row(draft).revision == 1
