"""Which release a change request repairs, over REST: proposed, changed, cleared, read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from policies.models import Environment, Release
from policies.services.as_code import exporting
from tests.api.conftest import Caller, codes, pointers
from tests.policies.steps import documents, draft_of, proposed

WORKFLOW = "/workflows/support-assistant/"
Calling = Callable[[User], Caller]


def new_change(release: Release, author: User, **more: Any) -> dict[str, Any]:
    draft = draft_of(release.workflow, author, documents(share=40))
    said = {"environment": "staging", "title": "Forward", "why": "It broke."}
    return {"draft": draft.pk, **said, **more}


def test_propose__a_repair__reads_back_from_change_and_release(
    calling: Calling, release: Release, author: User
) -> None:
    caller = calling(author)
    made = caller.post(f"{WORKFLOW}changes/", new_change(release, author, repairs=1))
    assert (made.status_code, made.json()["repairs"]) == (201, 1)
    (listed,) = [row for row in caller.get(f"{WORKFLOW}changes/").json()["results"]
                 if row["number"] == made.json()["number"]]  # fmt: skip
    assert listed["repairs"] == 1
    shown = caller.get(f"{WORKFLOW}releases/staging/1/").json()
    assert (shown["repairs"], shown["repaired_by"]) == (None, [])


@pytest.mark.parametrize("number", [2, 10**12])
def test_propose__repair_of_what_is_not_there__names_the_field(
    calling: Calling, release: Release, author: User, number: int
) -> None:
    body = new_change(release, author, repairs=number)
    answer = calling(author).post(f"{WORKFLOW}changes/", body)
    assert (answer.status_code, pointers(answer)) == (400, ["/repairs"])
    assert "its last is 1" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("number", [0, -1, "one", True, 1.5, 10**30])
def test_propose__repair_of_no_number__names_the_field(
    calling: Calling, release: Release, author: User, number: object
) -> None:
    body = new_change(release, author, repairs=number)
    answer = calling(author).post(f"{WORKFLOW}changes/", body)
    assert (answer.status_code, pointers(answer)) == (400, ["/repairs"])


def test_describe__sets_keeps_and_clears_what_it_repairs(
    calling: Calling, release: Release, author: User
) -> None:
    change = proposed(release.environment, author, documents(share=40))
    caller, address = calling(author), f"{WORKFLOW}changes/{change.number}/"
    before = caller.get(address).json()["subject_digest"]
    said = caller.patch(address, {"repairs": 1}).json()
    assert said["repairs"] == 1
    assert said["subject_digest"] != before
    assert caller.patch(address, {"title": "Other"}).json()["repairs"] == 1
    assert caller.patch(address, {"repairs": None}).json()["repairs"] is None


def test_describe__moved_without_saying_of_the_repair__is_refused(
    calling: Calling, release: Release, production: Environment, author: User
) -> None:
    """The same number may be a release there, too: it is not taken for it."""
    body = new_change(release, author, repairs=1)
    number = calling(author).post(f"{WORKFLOW}changes/", body).json()["number"]
    address = f"{WORKFLOW}changes/{number}/"
    answer = calling(author).patch(address, {"environment": "production"})
    assert (answer.status_code, codes(answer)) == (409, ["repairs"])
    answer = calling(author).patch(address, {"environment": "production", "repairs": 1})
    assert (answer.status_code, pointers(answer)) == (400, ["/repairs"])
    moved = calling(author).patch(address, {"environment": "production", "repairs": None})
    assert (moved.status_code, moved.json()["repairs"]) == (200, None)


def test_propose_files__as_a_repair__says_so_also_of_the_one_that_is_open(
    calling: Calling, release: Release, author: User, co_author: User
) -> None:
    files = exporting.export_release(release)
    files["router_policy.yaml"] = files["router_policy.yaml"].replace("weight: 90", "weight: 80")
    body = {"environment": "staging", "title": "From Git", "why": "Merged.", "files": files}
    address, caller = f"{WORKFLOW}propose/", calling(author)
    number = caller.post(address, body).json()["change"]
    other = calling(co_author).post(address, {**body, "repairs": 1}).json()
    assert other["outcome"] == "exists"
    assert "It does not say that it repairs release 1" in other["sentence"]
    again = caller.post(address, {**body, "repairs": 1}).json()
    assert (again["outcome"], again["change"]) == ("updated", number)
    assert caller.get(f"{WORKFLOW}changes/{number}/").json()["repairs"] == 1
    assert caller.post(address, {**body, "repairs": 1}).json()["outcome"] == "exists"
    wrong = caller.post(address, {**body, "repairs": 7})
    assert (wrong.status_code, pointers(wrong)) == (400, ["/repairs"])
