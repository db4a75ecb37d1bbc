"""Deciding by REST: one request, every step, on documents, a draft or a release."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from policies.models import Workflow
from tests.api.conftest import Caller, pointers
from tests.policies.steps import documents, draft_of

CallerOf = Callable[[User], Caller]
DECIDE = "/workflows/support-assistant/decide/"
CODE: dict[str, Any] = {"attributes": {"task": "code", "extra": 1}}


def test_decide__draft__tells_every_step_and_what_was_not_used(
    workflow: Workflow, author: User, calling: CallerOf
) -> None:
    draft = draft_of(workflow, author)
    answer = calling(author).post(DECIDE, {"draft": draft.pk, "request": CODE})
    said = answer.json()
    assert answer.status_code == 200
    assert (said["decision"]["class_key"], said["decision"]["model"]) == ("complex", "swift-large")
    assert [rule["outcome"] for rule in said["class_rules"]] == ["matched"]
    test = {"attribute": "task", "constraint": {"in": ["code"]}, "actual": "code", "holds": True}
    assert said["class_rules"][0]["boxes"] == [{"holds": True, "tests": [test]}]
    assert [found["pointer"] for found in said["problems"]] == ["/request/attributes/extra"]
    assert len(said["failures"]) == 16


def test_decide__documents__are_tried_without_being_saved(
    workflow: Workflow, author: User, calling: CallerOf
) -> None:
    body = {"documents": documents(), "request": {"request_id": "r1"}}
    said = calling(author).post(DECIDE, body).json()
    assert said["decision"]["policy_rule"] == "p1"
    assert said["routes"][0]["bucket"] == said["decision"]["bucket"]
    assert not workflow.drafts.exists()


def test_decide__wrong_documents_or_request__are_told_by_their_place(
    workflow: Workflow, author: User, calling: CallerOf
) -> None:
    caller = calling(author)
    wrong = {**documents(), "router_policy": {"schema": 1}}
    answer = caller.post(DECIDE, {"documents": wrong, "request": {}})
    assert (answer.status_code, pointers(answer)) == (422, ["/documents/router_policy/default"])
    answer = caller.post(DECIDE, {"documents": documents(), "request": {"prompt": 3}})
    assert (answer.status_code, pointers(answer)) == (422, ["/request/prompt"])


@pytest.mark.parametrize(
    "body",
    [
        {"request": {}},
        {"request": {}, "draft": 1, "release": {"environment": "staging", "number": 1}},
        {"request": {}, "release": {"environment": "staging", "number": 9}},
        {"draft": 1},
    ],
)
def test_decide__without_one_thing_to_try_on__is_refused(
    workflow: Workflow, author: User, calling: CallerOf, body: dict[str, Any]
) -> None:
    assert calling(author).post(DECIDE, body).status_code == 400


def test_decide__outsider__finds_nothing(
    workflow: Workflow, author: User, outsider: User, calling: CallerOf
) -> None:
    body = {"documents": documents(), "request": CODE}
    assert calling(outsider).post(DECIDE, body).status_code == 404
