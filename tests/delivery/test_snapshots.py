"""What the database says now is handed out at once; what it last said, when it is down."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from policies.delivery import signing
from policies.delivery.answers import Denial, Found, Source, Unavailable
from policies.delivery.snapshots import ASK_AGAIN_AFTER_S, DatabaseSnapshots
from policies.models import Environment, Release, RouterToken
from policies.services.people.tokens import issue_personal_token, revoke_personal_token
from policies.services.releases.publication import roll_back
from policies.services.routers import tokens
from tests.policies.steps import documents, published


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def snapshots(clock: Clock) -> DatabaseSnapshots:
    return DatabaseSnapshots(clock)


@contextmanager
def database_down() -> Iterator[list[str]]:
    """Every statement fails, as with a lost server; gives the statements tried."""
    tried: list[str] = []

    def fail(execute: object, sql: str, *arguments: Any) -> None:
        tried.append(sql)
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(fail):
        yield tried


def found(snapshots: DatabaseSnapshots, token: str) -> Found:
    outcome = snapshots.find(token)
    assert isinstance(outcome, Found)
    return outcome


def test_find__active_release__is_the_sealed_one(
    snapshots: DatabaseSnapshots, token: str, release: Release
) -> None:
    outcome = found(snapshots, token)
    assert outcome.source is Source.DATABASE and outcome.release is not None
    assert outcome.release.body == release.body.encode()
    assert (outcome.release.etag, outcome.release.signature) == (release.etag, release.signature)


def test_find__again__is_one_query_and_no_second_verification(
    snapshots: DatabaseSnapshots,
    token: str,
    release: Release,
    django_assert_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = found(snapshots, token)
    monkeypatch.setattr(signing, "verify", None)
    with django_assert_num_queries(1):  # the token with its environment's active release
        assert found(snapshots, token).release is first.release


def test_find__no_release_yet__is_found_without_one(
    snapshots: DatabaseSnapshots, token: str
) -> None:
    assert found(snapshots, token) == Found(None)


def test_find__next_release__is_handed_out_at_once(
    snapshots: DatabaseSnapshots,
    token: str,
    release: Release,
    staging: Environment,
    author: User,
    owner: User,
) -> None:
    found(snapshots, token)
    second = published(staging, author, [owner], owner, documents(share=50))
    outcome = found(snapshots, token)
    assert outcome.release is not None and outcome.release.signature == second.signature
    third = roll_back(release, "It was worse.", acting_user=owner)
    outcome = found(snapshots, token)
    assert outcome.release is not None and outcome.release.signature == third.signature


def test_find__token_of_another_environment__does_not_see_this_release(
    snapshots: DatabaseSnapshots, production: Environment, release: Release, operator: User
) -> None:
    _, plain = tokens.issue_router_token(production, "elsewhere", acting_user=operator)
    assert found(snapshots, plain) == Found(None)


def test_find__unknown_token__is_denied(snapshots: DatabaseSnapshots, release: Release) -> None:
    assert snapshots.find("rcr_" + "x" * 43) is Denial.UNKNOWN


def test_find__revoked_token__is_denied_at_once(
    snapshots: DatabaseSnapshots, token: str, release: Release, operator: User
) -> None:
    found(snapshots, token)
    tokens.revoke_router_token(RouterToken.objects.get(), acting_user=operator)
    assert snapshots.find(token) is Denial.REVOKED
    with database_down():
        assert isinstance(snapshots.find(token), Unavailable)


def test_find__expired_token__is_denied_from_memory_too(
    snapshots: DatabaseSnapshots,
    token: str,
    release: Release,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end = timezone.now() + datetime.timedelta(hours=1)
    RouterToken.objects.update(expires_at=end)
    found(snapshots, token)
    monkeypatch.setattr(timezone, "now", lambda: end)
    with database_down():
        assert snapshots.find(token) is Denial.EXPIRED
    snapshots.forget()
    assert snapshots.find(token) is Denial.EXPIRED


def test_find__personal_token__is_denied_by_its_kind(
    snapshots: DatabaseSnapshots, author: User
) -> None:
    token, plain = issue_personal_token(author, "laptop", acting_user=author)
    assert snapshots.find(plain) is Denial.PERSONAL
    revoke_personal_token(token, acting_user=author)
    assert snapshots.find(plain) is Denial.REVOKED
    assert snapshots.find("rcp_" + "x" * 43) is Denial.UNKNOWN


def test_find__database_down__goes_on_from_memory_and_says_how_old_it_is(
    snapshots: DatabaseSnapshots, clock: Clock, token: str, release: Release
) -> None:
    before = found(snapshots, token)
    clock.now += 90
    with database_down():
        assert found(snapshots, token) == Found(before.release, Source.MEMORY, 90)
    clock.now += 60
    assert found(snapshots, token) == before


def test_find__database_down__is_not_asked_by_every_request(
    snapshots: DatabaseSnapshots, clock: Clock, token: str, release: Release
) -> None:
    found(snapshots, token)
    with database_down() as tried:
        for _ in range(5):
            found(snapshots, token)
        assert len(tried) == 1
        clock.now += ASK_AGAIN_AFTER_S
        for _ in range(5):
            found(snapshots, token)
        assert len(tried) == 2


def test_find__database_down_and_token_never_seen__is_unavailable(
    snapshots: DatabaseSnapshots, token: str, release: Release
) -> None:
    with database_down():
        assert isinstance(snapshots.find(token), Unavailable)


@pytest.mark.parametrize(
    "damage",
    [
        lambda release: {"body": release.body.replace("swift-small", "swift-smell")},
        lambda release: {"signature": release.signature[:-4] + "AAAA"},
        lambda release: {"signature": ""},
        lambda release: {"number": release.number + 1},
    ],
    ids=["body", "signature", "no signature", "number"],
)
def test_find__release_that_does_not_verify__is_never_handed_out(
    snapshots: DatabaseSnapshots, token: str, release: Release, damage: Any
) -> None:
    Release.objects.filter(pk=release.pk).update(**damage(release))
    outcome = snapshots.find(token)
    assert isinstance(outcome, Unavailable) and "does not verify" in outcome.sentence


def test_find__next_release_does_not_verify__goes_on_with_the_last_good_one(
    snapshots: DatabaseSnapshots, clock: Clock, token: str, release: Release
) -> None:
    before = found(snapshots, token)
    Release.objects.filter(pk=release.pk).update(signature="bad..bad")
    clock.now += 30
    assert found(snapshots, token) == Found(before.release, Source.MEMORY, 30)


def test_last_used__is_kept_to_the_minute(
    snapshots: DatabaseSnapshots, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots.find(token)
    first = RouterToken.objects.get().last_used_at
    assert first is not None
    snapshots.find(token)
    assert RouterToken.objects.get().last_used_at == first
    later = first + datetime.timedelta(seconds=61)
    monkeypatch.setattr(timezone, "now", lambda: later)
    snapshots.find(token)
    assert RouterToken.objects.get().last_used_at == later


def test_last_used__cannot_be_written__hinders_nobody(
    snapshots: DatabaseSnapshots, token: str, release: Release
) -> None:
    def refuse_writes(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith("UPDATE"):
            raise OperationalError("database is locked")
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse_writes):
        assert found(snapshots, token).source is Source.DATABASE
    assert RouterToken.objects.get().last_used_at is None
