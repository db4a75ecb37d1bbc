"""The router's client against the console itself: published, rolled back, rotated, revoked."""

from __future__ import annotations

import datetime
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from evaluations.models import Outcome
from evaluations.services.outcomes.rollups import roll_up
from evaluations.services.scorecard.scorecard import Filters, scorecard
from policies.client import Attempt, PolicyClient, Summaries
from policies.client.lines import LineServer
from policies.models import Environment, Release, RouterInstance, RouterToken, SigningKey
from policies.services.releases.publication import roll_back
from policies.services.routers.convergence import fleet_of
from policies.services.routers.tokens import issue_router_token, revoke_router_token
from routing_console.project_root import BASE_DIR
from tests.client.test_outcome_reporting import wait_until
from tests.policies.steps import documents, published, use_data_folder
from tests.services.live_console import LiveConsole

pytestmark = pytest.mark.django_db(transaction=True)

REQUEST = {"attributes": {"task": "code"}, "request_id": "r-1"}


@pytest.fixture
def client(
    live_console: LiveConsole,
    release: Release,
    operator: User,
    staging: Environment,
    tmp_path: Path,
    said: list[str],
) -> Iterator[PolicyClient]:
    """A router of staging that polls five times a second and has release 1."""
    _, token = issue_router_token(staging, "router", acting_user=operator)
    with PolicyClient(
        live_console.url, token, tmp_path / "state", interval_s=0.2, say=said.append
    ) as client:
        assert client.wait_ready(10), said
        yield client


def within_a_second(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.01)
    return true()


def has(client: PolicyClient, release: Release) -> bool:
    held = client.release
    return held is not None and (held.number, held.digest) == (
        release.number,
        release.bundle.digest,
    )


def test_router__release_in_force__is_what_it_decides_with(
    client: PolicyClient, release: Release
) -> None:
    assert has(client, release)
    assert client.decide(REQUEST).model == "swift-large"


def test_router__next_release_and_rollback__arrive_within_a_second(
    client: PolicyClient, release: Release, staging: Environment, author: User, owner: User
) -> None:
    second = published(staging, author, [owner], owner, documents(share=10))
    assert within_a_second(lambda: has(client, second))
    third = roll_back(release, "It was worse.", acting_user=owner)
    assert within_a_second(lambda: has(client, third))
    assert (third.number, third.bundle.digest) == (3, release.bundle.digest)


def test_router__token_revoked__keeps_the_last_good_release(
    client: PolicyClient, release: Release, operator: User, said: list[str]
) -> None:
    revoke_router_token(RouterToken.objects.get(), acting_user=operator)
    assert within_a_second(lambda: client.health.failures > 0)
    assert "401 Unauthorized: This token was revoked." in said[-1]
    assert client.decide(REQUEST).release.number == 1


def test_router__signing_key_rotated__follows(
    client: PolicyClient,
    staging: Environment,
    author: User,
    owner: User,
    settings: Settings,
    tmp_path: Path,
) -> None:
    use_data_folder(settings, tmp_path / "data")
    for action in ("prepare", "rotate"):
        call_command("keys", action, stdout=io.StringIO())
    second = published(staging, author, [owner], owner, documents(share=10))
    assert within_a_second(lambda: has(client, second))
    assert client.release is not None
    assert client.release.kid == SigningKey.objects.get(sequence=2).kid


def test_router__that_reports_sums__draws_the_scorecard_and_keeps_a_sample(
    live_console: LiveConsole,
    release: Release,
    operator: User,
    staging: Environment,
    tmp_path: Path,
) -> None:
    _, token = issue_router_token(staging, "summing", acting_user=operator)
    half = Summaries(sample=0.5)
    client = PolicyClient(live_console.url, token, tmp_path / "state", reports=half)
    assert within_a_second(client.poll_once)  # the plane hears of the token a moment later
    for number in range(40):
        decided = client.decide({**REQUEST, "request_id": f"r-{number}"})
        attempt = Attempt(decided.model or "", None, latency_ms=40)
        assert client.report(client.outcome(decided, [attempt], quality=0.75))
    client.close()
    roll_up(staging.workflow)
    shown = scorecard(staging, Filters(), now=timezone.now())
    quality = next(metric for metric in shown.metrics if metric.name == "mean_quality")
    assert (shown.requests, shown.requests_in_sums, quality.value) == (40, 40, 0.75)
    assert [part.key for part in shown.by_release] == [release.bundle.digest]
    sampled = {f"r-{number}" for number in range(40) if half.samples(f"r-{number}")}
    assert set(Outcome.objects.values_list("request_id", flat=True)) == sampled != set()


def test_router__outcome_of_a_decided_request__is_kept_with_the_release_that_decided(
    client: PolicyClient, release: Release, staging: Environment, said: list[str]
) -> None:
    lines = LineServer(client, reports=True)
    for line in (REQUEST, {"outcome": {"request_id": "r-1", "latency_ms": 40, "quality": 0.9}}):
        answer = lines.answer(json.dumps(line).encode())
        assert "error" not in answer
    client.close()
    outcome = Outcome.objects.get()
    assert (outcome.environment, outcome.request_id) == (staging, "r-1")
    assert outcome.release_digest == release.bundle.digest
    assert (outcome.class_key, outcome.rule, outcome.model) == ("complex", "default", "swift-large")
    assert said == [f"release 1 {release.bundle.digest} from network"]


def test_router__killed_and_started_anew__is_one_router_that_confirms_the_next_release(
    live_console: LiveConsole,
    release: Release,
    staging: Environment,
    author: User,
    owner: User,
    operator: User,
    tmp_path: Path,
) -> None:
    _, token = issue_router_token(staging, "router", acting_user=operator)
    command = [sys.executable, "-S", "-m", "policies.client", "--url", live_console.url]
    command += ["--token", token, "--state-dir", str(tmp_path / "state")]

    def run_until_delivered_and_kill() -> None:
        with subprocess.Popen(
            command, cwd=BASE_DIR, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as running:
            wait_until(lambda: fleet_of(staging).is_delivered, 30)
            running.kill()  # and nobody says goodbye

    run_until_delivered_and_kill()
    published(staging, author, [owner], owner, documents(share=10))
    assert not fleet_of(staging).is_delivered
    run_until_delivered_and_kill()
    assert RouterInstance.objects.count() == 1
    in_an_hour = timezone.now() + datetime.timedelta(hours=1)
    fleet = fleet_of(staging, in_an_hour)
    assert fleet.is_delivered and fleet.spread is not None
    assert (fleet.spread.have, fleet.spread.routers, fleet.spread.unheard) == (1, 1, 0)
