"""The whole loop by REST: three people with tokens, from a draft to a rollback."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from policies.engine import digest
from policies.models import ChangeRequest, Environment
from tests.api.conftest import Answer, Caller, codes, pointers
from tests.policies.steps import documents, pass_evaluation

WORKFLOW = "/workflows/support-assistant"
DRAFTS, CHANGES = f"{WORKFLOW}/drafts/", f"{WORKFLOW}/changes/"
REASON = {"reason": "Looked at every case."}


def evaluated(number: int) -> None:
    """Stands in for a run of the evaluator, which has tests of its own."""
    pass_evaluation(ChangeRequest.objects.get(number=number))


def edited(author: Caller, draft: int, share: int) -> Answer:
    """The author saves another split, from the revision they see."""
    path = f"{DRAFTS}{draft}/documents/router_policy/"
    seen = author.get(path).headers["ETag"]
    return author.put(path, documents(share=share)["router_policy"], **{"If-Match": seen})


def opened(author: Caller, environment: str, share: int) -> tuple[int, int]:
    """Draft and number of a change request that is edited once and proposed."""
    draft = author.post(DRAFTS, {"title": "Shift", "documents": documents()}).json()["id"]
    assert edited(author, draft, share).status_code == 200
    body = {"draft": draft, "environment": environment, "title": "Shift", "why": "Cheaper."}
    answer = author.post(CHANGES, body)
    assert answer.status_code == 201, answer.json()
    return draft, answer.json()["number"]


def approved(caller: Caller, change: str) -> Answer:
    """Approve what is there now, as it was shown."""
    seen = caller.get(change).json()["subject_digest"]
    return caller.post(f"{change}approve/", {**REASON, "subject_digest": seen})


def released(author: Caller, owner: Caller, share: int) -> Answer:
    """A release on staging, which needs the owner's approval alone."""
    _, number = opened(author, "staging", share)
    evaluated(number)
    assert author.post(f"{CHANGES}{number}/submit/").status_code == 200
    assert approved(owner, f"{CHANGES}{number}/").status_code == 200
    return owner.post(f"{CHANGES}{number}/publish/")


@pytest.fixture
def people(
    author: User, reviewer: User, owner: User, calling: Callable[[User], Caller]
) -> tuple[Caller, Caller, Caller]:
    return calling(author), calling(reviewer), calling(owner)


def test_loop__three_people_with_tokens__ends_in_release(
    people: tuple[Caller, Caller, Caller], production: Environment
) -> None:
    author, reviewer, owner = people
    draft, number = opened(author, "production", 80)
    change = f"{CHANGES}{number}/"

    early = author.post(f"{change}submit/")
    assert early.status_code == 200, early.json()
    assert approved(reviewer, change).status_code == 409
    evaluated(number)

    own = approved(author, change)
    assert own.status_code == 403
    assert "four_eyes" in codes(own)

    seen = reviewer.get(change).json()["subject_digest"]
    first = reviewer.post(f"{change}approve/", {**REASON, "subject_digest": seen})
    assert (first.status_code, first.json()["state"]) == (200, "in_review")
    blind = owner.post(f"{change}approve/", REASON)
    assert blind.status_code == 400
    assert pointers(blind) == ["/subject_digest"]
    second = approved(owner, change)
    assert second.json()["state"] == "approved"

    assert edited(author, draft, 70).status_code == 200
    voided = author.post(f"{change}update-content/").json()
    assert (voided["state"], voided["standing"]["approvals"]) == ("in_review", [])
    refused = owner.post(f"{change}publish/")
    assert refused.status_code == 409

    stale = reviewer.post(f"{change}approve/", {**REASON, "subject_digest": seen})
    assert stale.status_code == 409
    evaluated(number)
    assert approved(reviewer, change).status_code == 200
    assert approved(owner, change).json()["state"] == "approved"
    published = owner.post(f"{change}publish/")
    assert published.status_code == 201
    release = published.json()
    assert release["number"] == 1
    assert release["approved_by"] == ["reviewer", "owner"]
    assert release["digest"] == digest(release["bundle"])
    assert author.get(change).json()["state"] == "published"


def test_loop__rollback__restores_old_digest_under_new_number(
    people: tuple[Caller, Caller, Caller], staging: Environment
) -> None:
    author, _, owner = people
    first = released(author, owner, 80).json()
    second = released(author, owner, 60).json()
    assert second["digest"] != first["digest"]
    answer = owner.post(f"{WORKFLOW}/releases/staging/1/roll-back/", {"reason": "Errors doubled."})
    assert answer.status_code == 201
    restored = answer.json()
    assert (restored["number"], restored["digest"]) == (3, first["digest"])
    assert (restored["kind"], restored["restores"]) == ("rollback", 1)
    active = author.get(f"{WORKFLOW}/releases/", active=True).json()["results"]
    assert [row["number"] for row in active] == [3]


def test_loop__promotion__carries_same_digest(
    people: tuple[Caller, Caller, Caller], staging: Environment, production: Environment
) -> None:
    author, _, owner = people
    release = released(author, owner, 80).json()
    body = {"environment": "production", "why": "Two quiet days."}
    answer = author.post(f"{WORKFLOW}/releases/staging/1/promote/", body)
    assert answer.status_code == 201
    assert answer.json()["digest"] == release["digest"]
    assert answer.json()["environment"] == "production"
