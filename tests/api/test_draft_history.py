"""The history of a draft by REST."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from policies.models import Workflow
from policies.services.authoring import editing
from tests.api.conftest import Caller, codes
from tests.policies.steps import documents, draft_of

CallerOf = Callable[[User], Caller]
KIND = "router_policy"


@pytest.fixture
def place(workflow: Workflow, author: User) -> str:
    """The address of the revisions of a policy saved twice."""
    draft = draft_of(workflow, author)
    editing.save_document(draft, KIND, documents(share=40)[KIND], acting_user=author)
    return f"/workflows/support-assistant/drafts/{draft.pk}/documents/{KIND}/revisions/"


def test_revisions__are_listed_newest_first__and_read_one_by_one(
    place: str, viewer: User, calling: CallerOf
) -> None:
    listed = calling(viewer).get(place).json()["results"]
    assert [row["revision"] for row in listed] == [2, 1]
    assert calling(viewer).get(f"{place}1/").json()["document"] == documents()[KIND]
    assert calling(viewer).get(f"{place}3/").status_code == 404


def test_restore__becomes_the_next_revision(place: str, co_author: User, calling: CallerOf) -> None:
    answer = calling(co_author).post(f"{place}1/restore/", {}, **{"If-Match": '"2"'})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"3"')
    assert answer.json()["document"] == documents()[KIND]
    newest = calling(co_author).get(place).json()["results"][0]
    assert (newest["step"], newest["source"]) == ("restored", 1)


def test_restore__stale_or_without_a_revision_or_a_right__is_refused(
    place: str, author: User, viewer: User, calling: CallerOf
) -> None:
    answer = calling(author).post(f"{place}1/restore/", {}, **{"If-Match": '"1"'})
    assert (answer.status_code, codes(answer)) == (412, ["stale"])
    assert calling(author).post(f"{place}1/restore/", {}).status_code == 428
    answer = calling(author).post(f"{place}9/restore/", {}, **{"If-Match": '"2"'})
    assert answer.status_code == 404
    answer = calling(viewer).post(f"{place}1/restore/", {}, **{"If-Match": '"2"'})
    assert answer.status_code == 403
