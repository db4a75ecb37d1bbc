"""What the database says is served within one look; what it last said, when it is down."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from policies.delivery import signing
from policies.delivery.answering import JWKS_PATH
from policies.delivery.answers import Denial
from policies.delivery.loader import ALL_AGAIN_AFTER_S
from policies.models import AuditHead, Environment, Release, RouterToken
from policies.services.people.tokens import issue_personal_token, revoke_personal_token
from policies.services.releases.publication import roll_back
from policies.services.routers import tokens
from tests.policies.steps import documents, proposed, published
from tests.services.plane import Clock, PlaneInProcess, Reply


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def plane(clock: Clock) -> PlaneInProcess:
    return PlaneInProcess(clock)


@contextmanager
def database_down() -> Iterator[list[str]]:
    """Every statement fails, as with a lost server; gives the statements tried."""
    tried: list[str] = []

    def fail(execute: object, sql: str, *arguments: Any) -> None:
        tried.append(sql)
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(fail):
        yield tried


def says(reply: Reply, denial: Denial) -> bool:
    return reply.status in (401, 403) and json.loads(reply.body)["detail"] == denial.value


def test_policy__active_release__is_the_sealed_one(
    plane: PlaneInProcess, token: str, release: Release
) -> None:
    reply = plane.fetch(token)
    assert (reply.status, reply.body) == (200, release.body.encode())
    assert reply.headers["etag"] == release.etag
    assert reply.headers["policy-signature"] == release.signature
    assert reply.headers["routing-console-source"] == "database"
    keys = json.loads(plane.ask({}, path=JWKS_PATH).body)
    assert signing.verify(reply.body, reply.headers["policy-signature"], keys)
    assert all("d" not in key for key in keys["keys"])


def test_look__nothing_new__is_one_query_and_no_second_verification(
    plane: PlaneInProcess,
    token: str,
    release: Release,
    django_assert_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plane.fetch(token)
    monkeypatch.setattr(signing, "verify", None)
    with django_assert_num_queries(1):  # the head of the audit trail
        plane.loader.check()
    assert plane.fetch(token).status == 200


def test_look__something_new_that_no_router_sees__loads_nothing(
    plane: PlaneInProcess, token: str, release: Release, staging: Environment, author: User
) -> None:
    plane.fetch(token)
    reloads = plane.plane.counters.reloads
    head = AuditHead.objects.get().last_sequence
    proposed(staging, author, documents(share=30))
    assert AuditHead.objects.get().last_sequence > head
    plane.loader.check()
    assert plane.plane.counters.reloads == reloads


def test_policy__no_release_yet__is_404(plane: PlaneInProcess, token: str) -> None:
    assert plane.fetch(token).status == 404


def test_policy__next_release_and_rollback__are_handed_out_at_the_next_look(
    plane: PlaneInProcess,
    token: str,
    release: Release,
    staging: Environment,
    author: User,
    owner: User,
) -> None:
    plane.fetch(token)
    second = published(staging, author, [owner], owner, documents(share=50))
    assert plane.fetch(token).headers["policy-signature"] == second.signature
    third = roll_back(release, "It was worse.", acting_user=owner)
    assert plane.fetch(token).headers["policy-signature"] == third.signature


def test_later_release_that_a_router_names__is_believed_until_the_database_was_asked(
    plane: PlaneInProcess, clock: Clock, token: str, release: Release
) -> None:
    later = release.etag.replace(f".{release.number}.", f".{release.number + 1}.")
    # The look before this answer began before the router named it: another plane may be ahead.
    assert plane.fetch(token, if_none_match=later).status == 503
    clock.now += 1
    assert plane.fetch(token, if_none_match=later).status == 200
    # A look that does not end says nothing of the next one.
    even_later = release.etag.replace(f".{release.number}.", f".{release.number + 2}.")
    clock.now += 1
    with database_down():
        assert plane.fetch(token, if_none_match=even_later).status == 503
        clock.now += 1
        assert plane.fetch(token, if_none_match=even_later).status == 503


def test_token_of_another_environment__does_not_see_this_release(
    plane: PlaneInProcess, production: Environment, release: Release, operator: User
) -> None:
    _, plain = tokens.issue_router_token(production, "elsewhere", acting_user=operator)
    assert plane.fetch(plain).status == 404


def test_unknown_token__is_denied(plane: PlaneInProcess, release: Release) -> None:
    assert says(plane.fetch("rcr_" + "x" * 43), Denial.UNKNOWN)


def test_revoked_token__is_denied_at_the_next_look(
    plane: PlaneInProcess, token: str, release: Release, operator: User
) -> None:
    plane.fetch(token)
    tokens.revoke_router_token(RouterToken.objects.get(), acting_user=operator)
    assert says(plane.fetch(token), Denial.REVOKED)
    with database_down():
        assert says(plane.fetch(token), Denial.REVOKED)


def test_change_past_the_services__is_seen_once_everything_is_loaded_again(
    plane: PlaneInProcess, clock: Clock, token: str, release: Release
) -> None:
    plane.fetch(token)
    RouterToken.objects.update(revoked_at=timezone.now())
    assert plane.fetch(token).status == 200
    clock.now += ALL_AGAIN_AFTER_S
    assert says(plane.fetch(token), Denial.REVOKED)


def test_expired_token__is_denied_from_memory_too(
    plane: PlaneInProcess, clock: Clock, token: str, release: Release
) -> None:
    end = timezone.now() + datetime.timedelta(hours=1)
    RouterToken.objects.update(expires_at=end)
    assert plane.fetch(token).status == 200
    clock.now += 3600
    plane.plane.memory.wall_clock = end.timestamp
    with database_down():
        assert says(plane.fetch(token), Denial.EXPIRED)


def test_personal_token__is_denied_by_its_kind(plane: PlaneInProcess, author: User) -> None:
    token, plain = issue_personal_token(author, "laptop", acting_user=author)
    assert says(plane.fetch(plain), Denial.PERSONAL)
    revoke_personal_token(token, acting_user=author)
    assert says(plane.fetch(plain), Denial.REVOKED)
    assert says(plane.fetch("rcp_" + "x" * 43), Denial.UNKNOWN)


def test_database_down__delivery_goes_on_and_says_how_old_it_is(
    plane: PlaneInProcess, clock: Clock, token: str, release: Release
) -> None:
    before = plane.fetch(token)
    clock.now += 90
    with database_down() as tried:
        reply = plane.fetch(token)
        assert tried
    assert reply.body == before.body
    assert (reply.headers["routing-console-source"], reply.headers["age"]) == ("memory", "90")
    clock.now += 60
    assert plane.fetch(token) == before


def test_database_hangs__the_answer_ages_meanwhile(
    plane: PlaneInProcess, clock: Clock, token: str, release: Release
) -> None:
    plane.fetch(token)
    plane.loader.check = lambda: True  # type: ignore[method-assign]
    clock.now += 4
    assert plane.fetch(token).headers["routing-console-source"] == "database"
    clock.now += 4
    assert plane.fetch(token).headers["age"] == "8"


def test_database_down_from_the_start__is_503_with_a_wait(
    plane: PlaneInProcess, token: str, release: Release
) -> None:
    with database_down():
        reply = plane.fetch(token)
        keys = plane.ask({}, path=JWKS_PATH)
    assert (reply.status, reply.headers["retry-after"]) == (503, "5")
    assert (keys.status, keys.headers["retry-after"]) == (503, "5")
    assert plane.fetch(token).status == 200


def test_loading_that_fails_in_any_way__leaves_what_was_there(
    plane: PlaneInProcess, token: str, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = plane.fetch(token)

    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("policies.delivery.loader._head", broken)
    assert plane.fetch(token).body == before.body
    assert plane.plane.figures()["failed_checks"] == 1


DAMAGES: dict[str, Any] = {
    "body": lambda release: {"body": release.body.replace("swift-small", "swift-smell")},
    "signature": lambda release: {"signature": release.signature[:-4] + "AAAA"},
    "no signature": lambda release: {"signature": ""},
    "number": lambda release: {"number": release.number + 1},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_release_that_does_not_verify__is_never_handed_out(
    plane: PlaneInProcess,
    token: str,
    release: Release,
    damage: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    Release.objects.filter(pk=release.pk).update(**DAMAGES[damage](release))
    reply = plane.fetch(token)
    assert (reply.status, reply.headers["retry-after"]) == (503, "30")
    assert "does not verify" in json.loads(reply.body)["detail"]
    assert f"Release {release.pk} does not verify" in caplog.text
    assert plane.plane.figures()["unverified_releases"] == 1


def test_next_release_that_does_not_verify__leaves_the_last_good_one(
    plane: PlaneInProcess, clock: Clock, token: str, release: Release
) -> None:
    before = plane.fetch(token)
    Release.objects.filter(pk=release.pk).update(signature="bad..bad")
    clock.now += ALL_AGAIN_AFTER_S
    plane.fetch(token)
    clock.now += 30
    reply = plane.fetch(token)
    assert reply.body == before.body
    assert (reply.headers["routing-console-source"], reply.headers["age"]) == ("memory", "30")


def test_use_of_a_token__is_kept_at_once_where_it_named_another_release_else_each_minute(
    plane: PlaneInProcess, clock: Clock, token: str, release: Release
) -> None:
    plane.fetch(token, if_none_match=release.etag)
    kept = RouterToken.objects.get()
    assert kept.fetched_release == release and kept.last_used_at is not None
    plane.fetch(token, if_none_match=release.etag)
    assert RouterToken.objects.get().last_used_at == kept.last_used_at
    clock.now += 61
    plane.fetch(token)
    last_used_at = RouterToken.objects.get().last_used_at
    assert last_used_at is not None and last_used_at > kept.last_used_at


def test_use_of_a_token__that_cannot_be_written__hinders_nobody_and_is_written_later(
    plane: PlaneInProcess, token: str, release: Release
) -> None:
    def refuse_writes(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith("UPDATE"):
            raise OperationalError("database is locked")
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse_writes):
        assert plane.fetch(token).headers["routing-console-source"] == "database"
    assert RouterToken.objects.get().last_used_at is None
    plane.fetch(token)
    assert RouterToken.objects.get().last_used_at is not None


def test_token_of__tells_who_reports(
    plane: PlaneInProcess, token: str, staging: Environment
) -> None:
    plane.loader.check()
    known = plane.plane.token_of(f"Bearer {token}".encode())
    assert not isinstance(known, Denial)
    row = RouterToken.objects.get()
    assert (known.id, known.environment_id, known.expires_at) == (row.pk, staging.pk, math.inf)  # type: ignore[union-attr]
    assert plane.plane.token_of(b"") is Denial.MISSING
    assert plane.plane.token_of(b"Bearer rcr_nobody") is Denial.UNKNOWN


@pytest.mark.parametrize(
    ("method", "tag", "proves"),
    [
        ("GET", None, False),
        ("GET", "its own", True),
        ("GET", 'W/"older", its own', True),
        ("GET", '"older"', False),
        ("GET", "*", False),
        ("HEAD", None, False),
        ("HEAD", "its own", False),
        ("HEAD", "*", False),
    ],
)
def test_release__counts_as_fetched_only_where_the_router_named_its_tag(
    plane: PlaneInProcess, token: str, release: Release, method: str, tag: str | None, proves: bool
) -> None:
    headers = {"authorization": f"Bearer {token}"}
    if tag is not None:
        headers["if-none-match"] = tag.replace("its own", release.etag)
    reply = plane.ask(headers, method)
    assert reply.status == (304 if tag and tag != '"older"' else 200)
    kept = RouterToken.objects.get()
    assert kept.fetched_release == (release if proves else None)
    assert kept.last_used_at is not None


def test_poll_that_shows_nothing__leaves_what_another_process_saw_the_router_name(
    plane: PlaneInProcess, clock: Clock, token: str, release: Release
) -> None:
    plane.fetch(token, if_none_match=release.etag)
    RouterToken.objects.update(fetched_release=None)  # as another process would write a newer one
    clock.now += 61
    plane.fetch(token, if_none_match="*")
    assert RouterToken.objects.get().fetched_release is None
    clock.now += 61
    plane.fetch(token, if_none_match=release.etag)
    assert RouterToken.objects.get().fetched_release == release
