"""A router that reports with a token of another workflow or environment than its releases' says so:
what it reports would be counted there, and be missing here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from policies.client import PolicyClient
from policies.fleet.report import StatusReport, read_report
from policies.models import Environment, Release, RouterInstance
from policies.services.routers.tokens import issue_router_token
from tests.client.fake_console import NOW, FakeConsole, running_console
from tests.client.test_outcome_reporting import wait_until
from tests.client.test_static import PATH, Store
from tests.services.live_console import LiveConsole

MISPLACED = (
    "The token belongs to support-assistant/staging, the releases are of "
    "support-assistant/production: status and outcomes go to the wrong place. "
    "Use a token of support-assistant/production."
)


@pytest.fixture
def store() -> Iterator[FakeConsole]:
    """Releases of support-assistant/production, as files."""
    with running_console(Store) as store:
        yield store


def token_of(workflow: str, environment: str) -> tuple[int, dict[str, str], bytes]:
    """What the console answers to a report with a token of these."""
    told = {"interval_s": 1, "workflow": workflow, "environment": environment}
    return 202, {}, json.dumps(told).encode()


def reported(console: FakeConsole) -> StatusReport:
    """The latest report."""
    return read_report(console.asked_for("/api/v1/status")[-1].body)


@pytest.fixture
def client(console: FakeConsole, store: FakeConsole, said: list[str]) -> Iterator[PolicyClient]:
    """Releases from the store, reports to the console."""
    client = PolicyClient(
        console.url, "rcr_t", static_url=store.url + PATH, say=said.append, clock=NOW.timestamp
    )
    assert client.poll_once()
    yield client
    client.close()


def test_token__of_another_environment__is_told_once_and_in_health_until_it_is_right(
    console: FakeConsole, client: PolicyClient, said: list[str]
) -> None:
    console.status = token_of("support-assistant", "staging")
    client.start()
    wait_until(lambda: len(console.asked_for("/api/v1/status")) > 1)
    assert client.health.token_error == MISPLACED and client.health.ready
    assert said.count(MISPLACED) == 1
    first, second = (read_report(asked.body) for asked in console.asked_for("/api/v1/status")[:2])
    assert first.active is not None and first.errors == ()
    (error,) = second.errors
    assert (error.kind, error.message) == ("token", MISPLACED)
    assert (second.active, second.pending) == (None, None)
    console.status = token_of("support-assistant", "production")
    wait_until(lambda: client.health.token_error == "")
    wait_until(lambda: reported(console).active == first.active)


def test_token__of_another_environment__takes_back_at_once_which_release_is_in_force(
    console: FakeConsole, client: PolicyClient
) -> None:
    status, headers, told = token_of("support-assistant", "staging")
    console.status = status, headers, told.replace(b'"interval_s": 1', b'"interval_s": 3600')
    client.start()
    wait_until(lambda: len(console.asked_for("/api/v1/status")) > 1)
    assert reported(console).active is None


@pytest.mark.parametrize(
    "answer",
    [
        token_of("support-assistant", "production"),
        (202, {}, b'{"interval_s": 1}'),
        (202, {}, b'{"interval_s": 1, "workflow": 7, "environment": null}'),
    ],
    ids=["right", "console of before", "nonsense"],
)
def test_token__that_is_right_or_of_which_nothing_is_told__is_no_error(
    console: FakeConsole,
    client: PolicyClient,
    said: list[str],
    answer: tuple[int, dict[str, str], bytes],
) -> None:
    console.status = answer
    client.start()
    wait_until(lambda: len(console.asked_for("/api/v1/status")) > 1)
    assert client.health.token_error == "" and client._status.report()["errors"] == []


def test_token__before_any_release__is_held_to_what_is_expected(
    console: FakeConsole, store: FakeConsole
) -> None:
    console.status = token_of("other", "production")
    store.body = b""
    client = PolicyClient(
        console.url, "rcr_t", static_url=store.url + PATH, expect="support-assistant/production"
    ).start()
    wait_until(lambda: client.health.token_error != "")
    assert "The token belongs to other/production" in client.health.token_error
    client.close()


@pytest.mark.django_db(transaction=True)
def test_console__asked_with_a_token_of_another_environment__is_what_tells_it(
    live_console: LiveConsole, store: FakeConsole, release: Release, owner: User, tmp_path: Path
) -> None:
    """The console itself, which names staging, against releases of production."""
    staging: Environment = release.environment
    _, token = issue_router_token(staging, "eu", acting_user=owner)
    with PolicyClient(
        live_console.url, token, static_url=store.url + PATH, clock=NOW.timestamp
    ) as client:
        wait_until(lambda: client.health.token_error == MISPLACED)
        wait_until(lambda: RouterInstance.objects.filter(environment=staging).exists())
