"""What a caller may not see does not exist for them; what they may not do is refused with why."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from policies.models import Environment, Release, Workflow
from tests.api.conftest import Caller, codes
from tests.policies.steps import documents, draft_of, in_review, seen

CallerOf = Callable[[User], Caller]
WORKFLOW = "/workflows/support-assistant"
SEEN = "sha256:" + "0" * 64
PLACES = (
    WORKFLOW,
    f"{WORKFLOW}/environments",
    f"{WORKFLOW}/environments/staging",
    f"{WORKFLOW}/environments/staging/router-tokens",
    f"{WORKFLOW}/components/router_policy/versions",
    f"{WORKFLOW}/components/router_policy/versions/1",
    f"{WORKFLOW}/contracts",
    f"{WORKFLOW}/contracts/router_policy",
    f"{WORKFLOW}/drafts",
    f"{WORKFLOW}/changes",
    f"{WORKFLOW}/changes/1",
    f"{WORKFLOW}/changes/1/comments",
    f"{WORKFLOW}/releases",
    f"{WORKFLOW}/releases/staging/1",
    "/teams/support",
    "/teams/support/members",
)


@pytest.mark.parametrize("place", PLACES)
def test_outsider__any_place_of_a_team__finds_nothing(
    place: str, release: Release, outsider: User, viewer: User, calling: CallerOf
) -> None:
    assert calling(viewer).get(f"{place}/").status_code == 200
    answer = calling(outsider).get(f"{place}/")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("list_path", ["/teams/", "/workflows/", "/changes/"])
def test_outsider__lists__are_empty(
    list_path: str, release: Release, outsider: User, author: User, calling: CallerOf
) -> None:
    assert calling(author).get(list_path).json()["count"] > 0
    assert calling(outsider).get(list_path).json()["count"] == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{WORKFLOW}/drafts/", {"title": "Mine"}),
        (f"{WORKFLOW}/changes/1/submit/", None),
        (f"{WORKFLOW}/changes/1/approve/", {"reason": "Good.", "subject_digest": SEEN}),
        (f"{WORKFLOW}/changes/1/reject/", {"reason": "Bad.", "subject_digest": SEEN}),
        (f"{WORKFLOW}/changes/1/request-changes/", {"reason": "Other.", "subject_digest": SEEN}),
        (f"{WORKFLOW}/changes/1/withdraw/", None),
        (f"{WORKFLOW}/changes/1/publish/", None),
        (f"{WORKFLOW}/changes/1/rebase/", None),
        (f"{WORKFLOW}/changes/1/update-content/", None),
        (f"{WORKFLOW}/changes/1/acknowledge/", {"names": ["x"]}),
        (f"{WORKFLOW}/changes/1/comments/", {"body": "Hello."}),
        (f"{WORKFLOW}/releases/staging/1/roll-back/", {"reason": "Errors."}),
        (f"{WORKFLOW}/environments/", {"name": "other"}),
        (f"{WORKFLOW}/environments/staging/router-tokens/", {"name": "mine"}),
        ("/workflows/", {"team": "support", "slug": "other", "name": "Other"}),
        ("/teams/support/members/", {"username": "viewer", "role": "owner"}),
        ("/teams/", {"slug": "other", "name": "Other"}),
    ],
)
def test_viewer__any_write__is_refused_with_reasons(
    path: str, body: object, release: Release, viewer: User, calling: CallerOf
) -> None:
    answer = calling(viewer).post(path, body)
    assert answer.status_code == 403
    assert "role" in codes(answer)
    assert answer.json()["type"] == "urn:routing-console:refused"


def test_viewer__saving_a_document__is_refused(
    workflow: Workflow, author: User, viewer: User, calling: CallerOf
) -> None:
    path = f"{WORKFLOW}/drafts/{draft_of(workflow, author).pk}/documents/router_policy/"
    caller, body = calling(viewer), documents()["router_policy"]
    assert caller.put(path, body, **{"If-Match": '"1"'}).status_code == 403


def test_actions__in_review__say_what_each_person_may_do(
    staging: Environment, author: User, reviewer: User, viewer: User, calling: CallerOf
) -> None:
    path = f"{WORKFLOW}/changes/{in_review(staging, author).number}/"
    approve = {
        user.username: calling(user).get(path).json()["actions"]["approve"]
        for user in (author, reviewer, viewer)
    }
    assert approve["reviewer"] == {"allowed": True, "reasons": []}
    assert not approve["author"]["allowed"]
    assert approve["viewer"]["reasons"][0]["code"] == "role"


def test_list__awaiting_my_review__leaves_out_what_i_wrote_or_judged(
    production: Environment, author: User, co_author: User, reviewer: User, calling: CallerOf
) -> None:
    first = in_review(production, author)
    in_review(production, co_author, documents(share=80))
    mine = {"awaiting_my_review": True}
    assert calling(reviewer).get("/changes/", **mine).json()["count"] == 2
    assert calling(co_author).get("/changes/", **mine).json()["count"] == 1
    body = {"reason": "Good.", "subject_digest": seen(first)}
    calling(reviewer).post(f"{WORKFLOW}/changes/{first.number}/approve/", body)
    assert calling(reviewer).get("/changes/", **mine).json()["count"] == 1
    assert calling(author).get("/changes/", **mine).json()["count"] == 0


def test_nobody__any_operation__is_asked_for_a_token(db: None) -> None:
    answer = APIClient().get("/api/v1/me/")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"
