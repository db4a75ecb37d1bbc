"""Where an environment demands it, one approves and publishes with a password just entered."""

import datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from policies.governance.transitions import State
from policies.models import ChangeRequest, Environment
from policies.services.people.tokens import issue_personal_token
from policies.views.origin import PASSWORD_ENTERED
from tests.policies.review_steps import ruled
from tests.policies.steps import REASON, in_review, now, seen


@pytest.fixture
def change(staging: Environment, administrator: User, author: User) -> ChangeRequest:
    ruled(staging, administrator, reauthenticate_to_approve=True)
    return in_review(staging, author)


def approve(client: Client, change: ChangeRequest) -> int:
    path = f"{change.get_absolute_url()}approve/"
    return client.post(path, {"reason": REASON, "seen": seen(change)}).status_code


def test_without_a_password_just_entered__the_page_asks_and_leads_back(
    client: Client, change: ChangeRequest, owner: User
) -> None:
    client.force_login(owner)
    assert approve(client, change) == 403
    assert "Enter your password" in client.get(change.get_absolute_url()).content.decode()
    back = change.get_absolute_url()
    wrong = client.post("/account/password/", {"password": "guess", "next": back})
    assert wrong.status_code == 422
    right = client.post("/account/password/", {"password": "a-good-password", "next": back})
    assert right.headers["Location"] == back
    assert approve(client, change) == 302
    assert now(change).state == State.APPROVED


def test_sign_in_with_a_password__counts(
    client: Client, change: ChangeRequest, owner: User
) -> None:
    client.post("/sign-in/", {"username": "owner", "password": "a-good-password"})
    assert approve(client, change) == 302


def test_password_entered_long_ago__does_not_count(
    client: Client, change: ChangeRequest, owner: User
) -> None:
    client.force_login(owner)
    session = client.session
    session[PASSWORD_ENTERED] = (timezone.now() - datetime.timedelta(minutes=11)).isoformat()
    session.save()
    assert approve(client, change) == 403


def test_token__cannot_show_that_its_person_is_there(
    client: Client, change: ChangeRequest, owner: User
) -> None:
    _, plain = issue_personal_token(owner, "test", acting_user=owner)
    answer = client.post(
        f"/api/v1/workflows/support-assistant/changes/{change.number}/approve/",
        {"reason": REASON, "subject_digest": seen(change)},
        content_type="application/json",
        headers={"Authorization": f"Bearer {plain}"},
    )
    assert answer.status_code == 403
    (reason,) = answer.json()["reasons"]
    assert reason["code"] == "re_authentication"
    assert "token" in reason["sentence"] and "browser" in reason["resolve"]


def test_other_site__is_not_where_one_is_led(client: Client, owner: User) -> None:
    client.force_login(owner)
    data = {"password": "a-good-password", "next": "https://evil.example/"}
    assert client.post("/account/password/", data).headers["Location"] == "/account/"


def test_elsewhere__nobody_is_asked(
    client: Client, production: Environment, author: User, owner: User
) -> None:
    client.force_login(owner)
    assert approve(client, in_review(production, author)) == 302
