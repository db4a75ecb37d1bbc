"""What the audit trail says of an editor who saves while typing; and the title of a draft."""

from __future__ import annotations

import datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from policies.governance.refusals import Refused
from policies.models import AuditEvent, Draft, Workflow
from policies.services.authoring import drafts, editing
from tests.policies.steps import documents, draft_of

KIND = "router_policy"


@pytest.fixture
def draft(workflow: Workflow, author: User) -> Draft:
    return draft_of(workflow, author)


def save(draft: Draft, percent: int, person: User) -> None:
    editing.save_document(draft, KIND, documents(share=percent)[KIND], acting_user=person)


def rows(draft: Draft) -> list[tuple[str, int]]:
    found = AuditEvent.objects.filter(action="draft.saved", object_id=str(draft.pk))
    return [(row.actor_name, row.detail["revision"]) for row in found.order_by("sequence")]


def test_many_saves__of_one_person_and_draft__leave_one_audit_row(
    draft: Draft, author: User, co_author: User, workflow: Workflow
) -> None:
    for percent in (10, 20, 30):
        save(draft, percent, author)
    save(draft, 40, co_author)
    assert rows(draft) == [(author.username, 2), (co_author.username, 5)]
    other = draft_of(workflow, author)
    save(other, 10, author)
    assert rows(other) == [(author.username, 2)]
    assert draft.revisions.filter(kind=KIND).count() == 5


def test_save__ten_minutes_after_the_last_row__leaves_a_row_again(
    draft: Draft, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(draft, 10, author)
    monkeypatch.setattr(editing, "ONE_AUDIT_ROW", datetime.timedelta(0))
    save(draft, 20, author)
    assert rows(draft) == [(author.username, 2), (author.username, 3)]


def test_draft__renamed__says_what_it_was_called_before(
    client: Client, draft: Draft, author: User, co_author: User
) -> None:
    client.force_login(co_author)
    address = reverse("draft-rename", args=[draft.workflow.slug, draft.pk])
    answer = client.post(address, {"title": "  Clearer   words ", "kind": KIND}, follow=True)
    page = answer.content.decode()
    assert "Clearer words</h1>" in page and "This document is valid" in page
    row = AuditEvent.objects.get(action="draft.renamed")
    assert row.detail == {"from": "Shift traffic", "to": "Clearer words"}
    assert list(draft.contributors.all()) == [author]


@pytest.mark.parametrize("title", ["", "   ", "x" * 161])
def test_draft__renamed_to_nothing_or_too_much__keeps_its_title(
    client: Client, draft: Draft, author: User, title: str
) -> None:
    client.force_login(author)
    address = reverse("draft-rename", args=[draft.workflow.slug, draft.pk])
    answer = client.post(address, {"title": title})
    assert answer.status_code == 409 and "1 to 160 characters" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.title == "Shift traffic"


def test_draft__renamed_by_a_viewer_or_when_closed__is_refused(
    draft: Draft, author: User, viewer: User
) -> None:
    with pytest.raises(Refused, match="Only"):
        drafts.rename_draft(draft, "Mine", acting_user=viewer)
    drafts.discard_draft(draft, acting_user=author)
    with pytest.raises(Refused, match="closed"):
        drafts.rename_draft(draft, "Late", acting_user=author)
