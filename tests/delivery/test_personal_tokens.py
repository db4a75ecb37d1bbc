"""Personal tokens act as their person, and only while both are good."""

from __future__ import annotations

import datetime
import re
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from policies.governance.origin import Origin, acting_from
from policies.governance.refusals import Refused
from policies.models import AuditEvent, PersonalToken
from policies.services import audit
from policies.services.people.tokens import (
    issue_personal_token,
    personal_token_user,
    revoke_personal_token,
)


@pytest.fixture
def plain(author: User) -> str:
    return issue_personal_token(author, "laptop", acting_user=author)[1]


def test_token__of_a_person__acts_as_them(author: User, plain: str) -> None:
    assert re.fullmatch(r"rcp_[0-9A-Za-z]{49}", plain)
    assert personal_token_user(plain) == author


def test_token__of_somebody_else__cannot_be_issued(author: User, owner: User) -> None:
    with pytest.raises(Refused) as refusal:
        issue_personal_token(author, "laptop", acting_user=owner)
    assert refusal.value.is_forbidden


@pytest.mark.parametrize("text", ["", "rcp_", "rcp_" + "x" * 43, "rcr_" + "x" * 43, "\udcff"])
def test_token__that_was_never_issued__is_nobody(db: None, text: str) -> None:
    assert personal_token_user(text) is None


def test_token__expired__is_nobody(author: User, plain: str) -> None:
    PersonalToken.objects.update(expires_at=timezone.now())
    assert personal_token_user(plain) is None


def test_token__of_a_person_who_left__is_nobody(author: User, plain: str) -> None:
    author.is_active = False
    author.save(update_fields=["is_active"])
    assert personal_token_user(plain) is None


def test_token__revoked_by_its_person__is_nobody_at_once(author: User, plain: str) -> None:
    revoke_personal_token(PersonalToken.objects.get(), acting_user=author)
    assert personal_token_user(plain) is None
    actions = AuditEvent.objects.filter(object_type="personaltoken").order_by("sequence")
    assert [event.action for event in actions] == [
        "personal_token.issued",
        "personal_token.revoked",
    ]


def test_token__revoked_by_the_installations_administrator__is_nobody(
    plain: str, installer: User
) -> None:
    revoke_personal_token(PersonalToken.objects.get(), acting_user=installer)
    assert personal_token_user(plain) is None


def test_token__revoked_by_anybody_else__is_refused(plain: str, owner: User) -> None:
    with pytest.raises(Refused):
        revoke_personal_token(PersonalToken.objects.get(), acting_user=owner)
    assert personal_token_user(plain) is not None


def test_last_used__within_a_minute__is_written_once(
    plain: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    personal_token_user(plain)
    assert PersonalToken.objects.get().last_used_at is not None
    with django_assert_num_queries(1):  # the token with its person
        personal_token_user(plain)


def test_last_used__a_minute_later__is_written_again(
    plain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    personal_token_user(plain)
    later = timezone.now() + datetime.timedelta(seconds=61)
    monkeypatch.setattr(timezone, "now", lambda: later)
    personal_token_user(plain)
    assert PersonalToken.objects.get().last_used_at == later


def test_token__issued_on_the_host__is_not_said_to_be_that_persons_act(author: User) -> None:
    call_command("personal_token", "author", "pipeline", stdout=StringIO())
    row = AuditEvent.objects.get(action="personal_token.issued")
    assert (row.actor, row.actor_name, row.origin) == (None, "system", "command")
    assert row.detail["user"] == "author"
    assert row in audit.visible_to(author)


def test_token__without_a_person__is_issued_on_the_host_alone(author: User) -> None:
    for way in ("rest", "browser", "task"):
        with acting_from(Origin(way)), pytest.raises(Refused):
            issue_personal_token(author, "laptop", acting_user=None)
