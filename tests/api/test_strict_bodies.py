"""Bodies are read strictly: what is not understood is an error with its place, never dropped."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from policies.models import Environment, Workflow
from tests.api.conftest import Caller, pointers
from tests.policies.steps import in_review

CallerOf = Callable[[User], Caller]
DRAFTS = "/workflows/support-assistant/drafts/"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"title": "x", "colour": "red"}, "/colour"),
        ({"title": "x", "documents": {"router_polcy": {}}}, "/documents/router_polcy"),
        ({"title": "x", "documents": {"router_policy": []}}, "/documents/router_policy"),
        ({"title": "x" * 161}, "/title"),
        ({}, "/title"),
        ([], ""),
        ({"title": "a\x00b"}, "/title"),
    ],
)
def test_body__not_understood__points_at_the_place(
    body: object, place: str, workflow: Workflow, author: User, calling: CallerOf
) -> None:
    answer = calling(author).post(DRAFTS, body)
    assert answer.status_code == 400
    assert pointers(answer) == [place]
    assert answer.json()["type"] == "urn:routing-console:wrong-input"


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b'{"title": "a", "title": "b"}',
        b'{"title": NaN}',
        b'{"title": 1e999}',
        b'{"title": "\\ud800"}',
        b"\xff",
        b"[" * 5000,
    ],
)
def test_body__not_sound_json__is_told(
    text: bytes, workflow: Workflow, author: User, calling: CallerOf
) -> None:
    answer = calling(author).client.post(f"/api/v1{DRAFTS}", text, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_body__too_large__is_refused(workflow: Workflow, author: User, calling: CallerOf) -> None:
    text = b'{"title": "' + b"x" * (5 * 1024 * 1024) + b'"}'
    client = calling(author).client
    answer = client.post(f"/api/v1{DRAFTS}", text, content_type="application/json")
    assert answer.status_code == 413


def test_body__where_none_is_taken__is_an_error(
    staging: Environment, author: User, calling: CallerOf
) -> None:
    number = in_review(staging, author).number
    path = f"/workflows/support-assistant/changes/{number}/withdraw/"
    answer = calling(author).post(path, {"reason": "Second thoughts."})
    assert (answer.status_code, pointers(answer)) == (400, ["/reason"])


def test_query__unknown_filter__is_an_error(author: User, calling: CallerOf) -> None:
    answer = calling(author).get("/changes/", colour="red")
    assert (answer.status_code, pointers(answer)) == (400, ["/colour"])


def test_list__second_page__goes_on_where_the_first_ended(
    workflow: Workflow, author: User, calling: CallerOf
) -> None:
    caller = calling(author)
    for title in ("one", "two", "three"):
        caller.post(DRAFTS, {"title": title})
    first = caller.get(DRAFTS, page_size=2).json()
    second = caller.get(DRAFTS, page_size=2, page=2).json()
    titles = [row["title"] for row in first["results"] + second["results"]]
    assert (first["count"], titles) == (3, ["three", "two", "one"])
    assert caller.get(DRAFTS, page=9).status_code == 404
