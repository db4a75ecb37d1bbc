"""Teams, workflows, environments and contracts by REST."""

from collections.abc import Callable

from django.contrib.auth.models import User

from policies.models import AuditEvent, Environment, Team, Workflow
from tests.api.conftest import Caller, codes, pointers
from tests.policies.steps import documents, in_review

CallerOf = Callable[[User], Caller]
CONTRACT = {
    "owner": "owner",
    "inputs": "A request.",
    "outputs": "A class.",
    "failure": "Wrong class.",
    "humans_step_in": "",
    "playbook": "Roll back.",
}


def test_me__member__lists_roles_by_team(owner: User, calling: CallerOf) -> None:
    me = calling(owner).get("/me/").json()
    assert me["teams"][0]["my_roles"] == ["operator", "owner"]
    assert me["may_edit_catalogue"] is True


def test_workflow__created_by_administrator__is_theirs_to_shape(
    team: Team, administrator: User, calling: CallerOf
) -> None:
    caller = calling(administrator)
    body = {"team": "support", "slug": "triage", "name": "Triage", "objective": "Faster."}
    answer = caller.post("/workflows/", body)
    assert (answer.status_code, answer.json()["environments"]) == (201, [])
    assert caller.post("/workflows/", body).status_code == 409
    rules = {"name": "production", "required_approvals": 2}
    assert caller.post("/workflows/triage/environments/", rules).status_code == 201
    changed = caller.patch("/workflows/triage/environments/production/", {"position": 3}).json()
    assert (changed["position"], changed["required_approvals"]) == (3, 2)
    words = caller.patch("/workflows/triage/", {"name": "Triage desk"}).json()
    assert (words["name"], words["objective"]) == ("Triage desk", "Faster.")


def test_workflow__for_team_of_others__points_at_the_team(
    team: Team, outsider: User, calling: CallerOf
) -> None:
    body = {"team": "support", "slug": "triage", "name": "Triage"}
    answer = calling(outsider).post("/workflows/", body)
    assert (answer.status_code, pointers(answer)) == (400, ["/team"])


def test_environment__unknown_check__points_at_it(
    workflow: Workflow, administrator: User, calling: CallerOf
) -> None:
    body = {"name": "canary", "required_checks": ["contracts", "horoscope"]}
    path = "/workflows/support-assistant/environments/"
    answer = calling(administrator).post(path, body)
    assert (answer.status_code, pointers(answer)) == (400, ["/required_checks/1"])


def test_member__role_given_and_taken__changes_what_they_may_do(
    team: Team, administrator: User, outsider: User, calling: CallerOf
) -> None:
    caller = calling(administrator)
    body = {"username": "outsider", "role": "viewer"}
    given = caller.post("/teams/support/members/", body)
    assert given.status_code == 201
    assert calling(outsider).get("/teams/support/").status_code == 200
    assert caller.delete(f"/teams/support/members/{given.json()['id']}/").status_code == 204
    assert calling(outsider).get("/teams/support/").status_code == 404


def test_contract__saved_again__gets_next_number(
    workflow: Workflow, owner: User, calling: CallerOf
) -> None:
    path, caller = "/workflows/support-assistant/contracts/router_policy/", calling(owner)
    answer = caller.put(path, CONTRACT)
    assert (answer.json()["number"], answer.json()["gaps"]) == (2, ["humans_step_in"])
    assert caller.put(path, CONTRACT).json()["number"] == 2
    numbers = [row["number"] for row in caller.get(f"{path}versions/").json()["results"]]
    assert numbers == [2, 1]


def test_contract__owner_who_may_not_approve__is_refused(
    workflow: Workflow, owner: User, author: User, calling: CallerOf
) -> None:
    path = "/workflows/support-assistant/contracts/router_policy/"
    answer = calling(owner).put(path, {**CONTRACT, "owner": "author"})
    assert (answer.status_code, codes(answer)) == (409, ["owner"])


def test_versions__proposed_twice__are_numbered(
    staging: Environment, author: User, calling: CallerOf
) -> None:
    in_review(staging, author)
    base = "/workflows/support-assistant/components/router_policy/versions/"
    caller = calling(author)
    assert caller.get(base).json()["count"] == 1
    assert caller.get(f"{base}1/").json()["document"]["schema"] == 1
    assert caller.get(base.replace("router_policy", "horoscope")).status_code == 404


def test_difference__two_versions__is_told_in_words(
    staging: Environment, author: User, calling: CallerOf
) -> None:
    in_review(staging, author)
    in_review(staging, author, documents(share=50))
    path = "/workflows/support-assistant/components/router_policy/diff/"
    answer = calling(author).get(path, **{"from": 1, "to": 2}).json()
    assert (answer["from"], answer["to"]) == (1, 2)
    places = [change["pointer"] for change in answer["changes"]]
    assert all(place.startswith("/rules/0/route/candidates/") for place in places)
    assert len(places) == 2
    assert calling(author).get(path, **{"from": 1, "to": 1}).json()["changes"] == []
    assert calling(author).get(path, **{"from": 1, "to": 9}).status_code == 404


def test_audit__acts_by_rest__say_so(staging: Environment, author: User, calling: CallerOf) -> None:
    caller = calling(author)
    caller.post("/workflows/support-assistant/drafts/", {"title": "Seen"})
    newest = caller.get("/audit/", workflow="support-assistant").json()["results"][0]
    assert (newest["action"], newest["actor"], newest["origin"]) == (
        "draft.created",
        "author",
        "rest",
    )
    assert AuditEvent.objects.get(sequence=newest["sequence"]).hash == newest["hash"]
