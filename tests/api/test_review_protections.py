"""Schedules, freezes, break-glass, threads and rules on risk over REST, under the same rules."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from policies.models import ChangeRequest, Environment
from tests.api.conftest import Caller, codes, pointers
from tests.policies.review_steps import HOUR
from tests.policies.steps import REASON, URGENT, documents, glass_broken, in_review, seen

WORKFLOW = "/workflows/support-assistant/"
Calling = Callable[[User], Caller]


@pytest.fixture
def change(staging: Environment, author: User) -> ChangeRequest:
    return in_review(staging, author)


def at(change: ChangeRequest, act: str = "") -> str:
    return f"{WORKFLOW}changes/{change.number}/{act}"


def judged(change: ChangeRequest) -> dict[str, str]:
    """A reviewer's word on what they were shown."""
    return {"reason": REASON, "subject_digest": seen(change)}


def test_schedule__set_by_its_author__is_part_of_what_is_approved(
    calling: Calling, change: ChangeRequest, author: User, owner: User
) -> None:
    before = calling(author).get(at(change)).json()
    moment = (timezone.now() + HOUR).isoformat()
    answer = calling(author).post(at(change, "schedule/"), {"publish_at": moment})
    assert answer.status_code == 200
    said = answer.json()
    assert said["scheduled_by"] == "author"
    assert said["subject_digest"] != before["subject_digest"]
    calling(owner).post(at(change, "approve/"), judged(change))
    early = calling(owner).post(at(change, "publish/"))
    assert early.status_code == 409
    assert codes(early) == ["scheduled"]
    cleared = calling(owner).post(at(change, "schedule/"), {"publish_at": None})
    assert cleared.json()["state"] == "in_review"


@pytest.mark.parametrize("moment", ["2027-03-28T02:30:00", "2027-03-28T02:30", "2027-03-28"])
def test_moment__without_a_zone__is_refused_wherever_one_is_sent(
    calling: Calling, change: ChangeRequest, author: User, operator: User, moment: str
) -> None:
    scheduled = calling(author).post(at(change, "schedule/"), {"publish_at": moment})
    assert (scheduled.status_code, pointers(scheduled)) == (400, ["/publish_at"])
    body = {"starts_at": moment, "ends_at": moment, "reason": "Sale."}
    frozen = calling(operator).post(f"{WORKFLOW}freezes/", body)
    assert (frozen.status_code, pointers(frozen)) == (400, ["/starts_at", "/ends_at"])
    assert "no zone" in frozen.json()["errors"][0]["message"]
    for address in ("/me/tokens/", f"{WORKFLOW}environments/staging/router-tokens/"):
        issued = calling(operator).post(address, {"name": "late", "expires_at": moment})
        assert (issued.status_code, pointers(issued)) == (400, ["/expires_at"])


@pytest.mark.parametrize("hours", [0, 2, -8])
def test_moment__with_its_zone__is_taken_as_that_moment(
    calling: Calling, change: ChangeRequest, author: User, hours: int
) -> None:
    zone = datetime.timezone(datetime.timedelta(hours=hours))
    moment = (timezone.now() + HOUR).astimezone(zone).replace(second=0, microsecond=0)
    answer = calling(author).post(at(change, "schedule/"), {"publish_at": moment.isoformat()})
    assert answer.status_code == 200
    assert datetime.datetime.fromisoformat(answer.json()["publish_at"]) == moment


def test_schedule__in_the_past_or_left_out__is_refused(
    calling: Calling, change: ChangeRequest, author: User, reviewer: User
) -> None:
    past = (timezone.now() - HOUR).isoformat()
    assert codes(calling(author).post(at(change, "schedule/"), {"publish_at": past})) == [
        "schedule"
    ]
    nothing = calling(author).post(at(change, "schedule/"), {})
    assert pointers(nothing) == ["/publish_at"]
    forbidden = calling(reviewer).post(at(change, "schedule/"), {"publish_at": None})
    assert forbidden.status_code == 403


def test_freeze__made_listed_and_lifted(
    calling: Calling, change: ChangeRequest, owner: User, operator: User, author: User
) -> None:
    calling(owner).post(at(change, "approve/"), judged(change))
    now = timezone.now()
    body = {
        "environment": "staging",
        "starts_at": now.isoformat(),
        "ends_at": (now + datetime.timedelta(hours=2)).isoformat(),
        "reason": "Sale.",
    }
    assert calling(author).post(f"{WORKFLOW}freezes/", body).status_code == 403
    made = calling(operator).post(f"{WORKFLOW}freezes/", body)
    assert made.status_code == 201
    assert codes(calling(owner).post(at(change, "publish/"))) == ["frozen"]
    listed = calling(author).get(f"{WORKFLOW}freezes/", ahead="true").json()
    assert [window["reason"] for window in listed["results"]] == ["Sale."]
    lifted = calling(operator).post(f"{WORKFLOW}freezes/{made.json()['id']}/lift/")
    assert lifted.json()["lifted_by"] == "operator"
    assert calling(owner).post(at(change, "publish/")).status_code == 201


def test_break_glass__leaves_a_debt_that_others_pay(
    calling: Calling, change: ChangeRequest, operator: User, owner: User, author: User
) -> None:
    assert calling(author).post(at(change, "break-glass/"), {"reason": "!"}).status_code == 403
    silent = calling(operator).post(at(change, "break-glass/"), {})
    assert pointers(silent) == ["/reason"]
    alone = calling(operator).post(at(change, "break-glass/"), {"reason": URGENT})
    assert alone.status_code == 403
    assert codes(alone) == ["re_authentication"]
    release = glass_broken(change, operator)
    shown = calling(author).get(f"{WORKFLOW}releases/staging/{release.number}/").json()
    assert (shown["kind"], shown["owes_review"]) == ("break_glass", True)
    (debt,) = calling(author).get(f"{WORKFLOW}review-debts/", open="true").json()["results"]
    assert {reason["code"] for reason in debt["bypassed"]} == {"approvals", "owner"}
    active = calling(owner).post(at(change, "close-debt/"), {"reason": "Enough."})
    assert codes(active) == ["active"]
    blind = calling(owner).post(at(change, "approve-afterwards/"), {"reason": REASON})
    assert pointers(blind) == ["/subject_digest"]
    paid = calling(owner).post(at(change, "approve-afterwards/"), judged(change))
    assert paid.status_code == 200
    assert calling(author).get(f"{WORKFLOW}review-debts/", open="true").json()["count"] == 0


def test_review__taken_back(calling: Calling, change: ChangeRequest, owner: User) -> None:
    calling(owner).post(at(change, "approve/"), judged(change))
    back = calling(owner).post(at(change, "take-back/"), {"reason": "I missed a case."})
    assert back.json()["state"] == "in_review"
    again = calling(owner).post(at(change, "take-back/"), {"reason": "Again."})
    assert codes(again) == ["review"]


def test_thread__answered_and_resolved(
    calling: Calling, change: ChangeRequest, author: User, reviewer: User
) -> None:
    body = {"body": "Why 90?", "anchor": "/router_policy/rules/0"}
    root = calling(reviewer).post(at(change, "comments/"), body).json()
    assert root["place"] == {"pointer": "/router_policy/rules/0", "standing": "same"}
    reply = {"body": "Cheaper.", "reply_to": root["id"]}
    assert calling(author).post(at(change, "comments/"), reply).json()["reply_to"] == root["id"]
    path = at(change, f"comments/{root['id']}/")
    assert calling(author).post(f"{path}resolve/").json()["resolved_by"] == "author"
    assert calling(author).post(f"{path}reopen/").json()["resolved_by"] is None
    assert calling(author).post(at(change, "comments/99999/resolve/")).status_code == 404
    nowhere = calling(author).post(at(change, "comments/"), {**body, "anchor": "/nowhere"})
    assert codes(nowhere) == ["anchor"]


def test_rules_on_risk__are_set_and_shown_with_what_they_add(
    calling: Calling, staging: Environment, administrator: User, author: User, owner: User
) -> None:
    path = f"{WORKFLOW}environments/staging/"
    rule = {"condition": "rerouted", "above": 0.2, "approvals": 1, "role": "owner"}
    answer = calling(administrator).patch(path, {"risk_rules": [rule]})
    assert answer.status_code == 200
    assert answer.json()["risk_rules"] == [rule]
    assert answer.json()["rules_version"] == 2
    unsound = calling(administrator).patch(path, {"risk_rules": [{"condition": "rerouted"}]})
    assert codes(unsound) == ["risk_rules"]
    assert calling(owner).patch(path, {"risk_rules": []}).status_code == 403
    change = in_review(staging, author, documents(share=50))
    (risk,) = calling(author).get(at(change)).json()["standing"]["risks"]
    assert (risk["applies"], risk["is_known"]) == (True, False)
    assert calling(author).get(at(change)).json()["standing"]["required_approvals"] == 2


def test_outsider__sees_none_of_it(calling: Calling, change: ChangeRequest, outsider: User) -> None:
    caller = calling(outsider)
    for act in ("schedule/", "take-back/", "break-glass/", "approve-afterwards/", "close-debt/"):
        assert caller.post(at(change, act), {"reason": "?"}).status_code == 404
    for path in ("freezes/", "review-debts/"):
        assert caller.get(WORKFLOW + path).status_code == 404
