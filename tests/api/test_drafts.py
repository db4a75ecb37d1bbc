"""Drafts by REST: nobody overwrites what they have not seen, nothing said is passed over."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from policies.models import DraftDocument, Environment, Workflow
from tests.api.conftest import Caller, codes, pointers
from tests.policies.steps import documents, draft_of, published

CallerOf = Callable[[User], Caller]
DRAFTS = "/workflows/support-assistant/drafts/"
POLICY = documents(share=50)["router_policy"]


@pytest.fixture
def place(workflow: Workflow, author: User) -> str:
    return f"{DRAFTS}{draft_of(workflow, author).pk}/documents/router_policy/"


def test_save__seen_revision__becomes_next_revision(
    place: str, author: User, calling: CallerOf
) -> None:
    caller = calling(author)
    seen = caller.get(place).headers["ETag"]
    answer = caller.put(place, POLICY, **{"If-Match": seen})
    assert (seen, answer.headers["ETag"]) == ('"1"', '"2"')
    assert answer.json()["document"] == POLICY


def test_save__stale_revision__is_refused_and_keeps_what_is_there(
    place: str, author: User, co_author: User, calling: CallerOf
) -> None:
    assert calling(co_author).put(place, POLICY, **{"If-Match": '"1"'}).status_code == 200
    other = documents(share=10)["router_policy"]
    answer = calling(author).put(place, other, **{"If-Match": '"1"'})
    assert (answer.status_code, codes(answer)) == (412, ["stale"])
    assert DraftDocument.objects.get(kind="router_policy").document == POLICY


@pytest.mark.parametrize(
    ("tag", "status"), [("", 428), ("3", 400), ('"x"', 400), ('W/"1"', 400), ("*", 200)]
)
def test_save__if_match_of_other_form__is_told(
    place: str, author: User, calling: CallerOf, tag: str, status: int
) -> None:
    headers = {"If-Match": tag} if tag else {}
    assert calling(author).put(place, POLICY, **headers).status_code == status


def test_save__wrong_document__is_kept_and_told(
    place: str, author: User, calling: CallerOf
) -> None:
    answer = calling(author).put(place, {"schema": 1, "rules": 3}, **{"If-Match": '"1"'})
    assert answer.status_code == 200
    told = [problem["pointer"] for problem in answer.json()["problems"]]
    assert told == ["/rules", "/default"]


def test_propose__wrong_document__points_into_the_component(
    place: str, staging: Environment, author: User, calling: CallerOf
) -> None:
    caller = calling(author)
    caller.put(place, {"schema": 1, "rules": 3}, **{"If-Match": "*"})
    draft = int(place.split("/")[4])
    body = {"draft": draft, "environment": "staging", "title": "Wrong", "why": "Try."}
    answer = caller.post("/workflows/support-assistant/changes/", body)
    assert answer.status_code == 422
    assert pointers(answer) == ["/router_policy/rules", "/router_policy/default"]


def test_create__from_release__has_its_documents(
    staging: Environment, author: User, owner: User, calling: CallerOf
) -> None:
    release = published(staging, author, [owner], owner)
    body = {"title": "Again", "release": {"environment": "staging", "number": 1}}
    answer = calling(author).post(DRAFTS, body)
    assert answer.status_code == 201
    policy = answer.json()["documents"]["router_policy"]["document"]
    assert policy == release.bundle.content["router_policy"]


def test_create__unknown_release__points_at_it(
    workflow: Workflow, author: User, calling: CallerOf
) -> None:
    body = {"title": "Again", "release": {"environment": "staging", "number": 9}}
    answer = calling(author).post(DRAFTS, body)
    assert (answer.status_code, pointers(answer)) == (400, ["/release"])


def test_discard__open_draft__closes_it_once(
    workflow: Workflow, author: User, calling: CallerOf
) -> None:
    path, caller = f"{DRAFTS}{draft_of(workflow, author).pk}/", calling(author)
    assert caller.delete(path).status_code == 204
    assert caller.get(path).json()["closed_at"]
    assert caller.delete(path).status_code == 409


def test_validate__wrong_documents__tells_every_place_and_saves_nothing(
    workflow: Workflow, viewer: User, calling: CallerOf
) -> None:
    wrong = documents()
    wrong["router_policy"]["default"]["candidates"] = [{"model": "unheard-of"}]
    body = {"documents": wrong}
    answer = calling(viewer).post("/workflows/support-assistant/validate/", body)
    assert answer.json()["valid"] is False
    assert pointers(answer) == ["/router_policy/default/candidates/0/model"]
    assert not workflow.versions.exists()


def test_validate__sound_documents__is_valid(
    workflow: Workflow, viewer: User, calling: CallerOf
) -> None:
    body = {"documents": documents()}
    answer = calling(viewer).post("/workflows/support-assistant/validate/", body)
    assert answer.json() == {"valid": True, "errors": []}


def test_rename__by_an_author_of_an_open_draft__gives_the_new_title(
    place: str, author: User, viewer: User, calling: CallerOf
) -> None:
    address = place.split("documents/")[0]
    assert calling(author).patch(address, {"title": "Clearer"}).json()["title"] == "Clearer"
    assert calling(author).patch(address, {"title": ""}).status_code == 400
    assert calling(viewer).patch(address, {"title": "Mine"}).status_code == 403
    assert calling(author).get(address).json()["title"] == "Clearer"
