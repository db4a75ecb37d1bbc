"""A router tells the console which release it decides with, in the form that the console reads."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Mapping

import pytest

from policies.client import VERSION, ClientError, PolicyClient
from policies.client.error_log import MOST_KEPT
from policies.fleet.report import StatusReport, read_report
from tests.client.conftest import Router
from tests.client.fake_console import NO_RECEIPTS, NOW, FakeConsole
from tests.client.test_outcome_reporting import wait_until
from tests.client.test_staleness import Clock

STATUS = "/api/v1/status"
END = NOW + datetime.timedelta(days=1)
PAST = END + datetime.timedelta(seconds=1)


def reports(console: FakeConsole) -> list[StatusReport]:
    """What the console's own reader makes of the reports."""
    return [read_report(asked.body) for asked in console.asked_for(STATUS)]


def told(client: PolicyClient) -> StatusReport:
    """What the console's own reader makes of what this client would report now."""
    return read_report(json.dumps(client._status.report()).encode())


def test_status__release_adopted__is_told_at_once_and_as_the_console_reads_it(
    console: FakeConsole, router: Router
) -> None:
    client = router(interval_s=0.05, labels={"region": "eu"}).start()
    assert client.wait_ready(5)
    console.publish(2)
    wait_until(lambda: any(r.active and r.active.number == 2 for r in reports(console)))
    client.close()
    last = reports(console)[-1]
    assert client.release is not None and last.active is not None
    assert (last.active.number, last.active.digest) == (2, client.release.digest)
    assert (last.labels, last.client_version) == ({"region": "eu"}, VERSION)
    assert last.source is not None and last.source.value == "network"
    moments = (last.adopted_at, last.last_success_at, last.clock, last.started_at)
    assert moments == (NOW.astimezone(datetime.UTC),) * 4
    assert len({r.instance_id for r in reports(console)}) == 1


def test_status__closed_client__says_goodbye_once_and_reports_again_when_started(
    console: FakeConsole, router: Router
) -> None:
    client = router(interval_s=0.05).start()
    wait_until(lambda: client._status._is_heard)
    client.close()
    client.close()
    said = [report.has_ended for report in reports(console)]
    assert said[-1] and said.count(True) == 1
    client.start()
    wait_until(lambda: client._status._is_heard)
    assert not reports(console)[-1].has_ended


def test_status__closed_while_the_console_fails__keeps_nobody_waiting(
    console: FakeConsole, router: Router
) -> None:
    console.status = (503, {}, b"")
    client = router().start()
    wait_until(lambda: bool(console.asked_for(STATUS)))
    client.close()
    assert not any(report.has_ended for report in reports(console))


def test_status__before_any_release__tells_why_there_is_none(
    console: FakeConsole, router: Router
) -> None:
    console.fault = lambda answer: (503, {}, b"")
    client = router()
    client.poll_once()
    client.poll_once()
    report = told(client)
    (error,) = report.errors
    assert (report.active, report.source, report.adopted_at) == (None, None, None)
    assert (error.kind, error.count) == ("fetch", 2)
    assert "503" in error.message


def test_status__release_refused__is_told_as_that(console: FakeConsole, router: Router) -> None:
    client = router()
    console.publish(5)
    client.poll_once()
    console.publish(4)
    client.poll_once()
    report = told(client)
    assert [(error.kind, error.count) for error in report.errors] == [("refused", 1)]
    assert report.active is not None and report.active.number == 5


def test_status__stale_where_that_is_refused__names_no_active_release_but_a_pending_one(
    console: FakeConsole, router: Router
) -> None:
    clock = Clock()
    console.publish(3, not_after=END, when_stale="refuse")
    client = router(clock=clock)
    client.poll_once()
    clock.now = END
    assert told(client).active is not None
    clock.now = PAST
    report = told(client)
    assert (report.active, report.source, report.adopted_at) == (None, None, None)
    assert report.pending is not None and report.pending.number == 3
    [error] = report.errors
    assert (error.kind, error.count, error.at) == ("stale", 1, PAST)
    assert "refuses to decide" in error.message


def test_status__stale_where_that_is_served__is_active_and_told_as_an_error(
    console: FakeConsole, router: Router
) -> None:
    clock = Clock()
    console.publish(3, not_after=END, when_stale="serve_stale")
    client = router(clock=clock)
    client.poll_once()
    clock.now = PAST
    report = told(client)
    assert report.active is not None and report.active.number == 3
    assert report.pending is None
    assert [error.kind for error in report.errors] == ["stale"]


def test_status__more_errors_than_are_taken__leaves_out_the_oldest(
    console: FakeConsole, router: Router
) -> None:
    clock = Clock()
    console.publish(3, not_after=END)
    client = router(clock=clock)
    client.poll_once()
    clock.now = PAST
    for number in range(MOST_KEPT):
        client._poller.errors.note("fetch", f"failure {number}", clock())
    errors = told(client).errors
    assert len(errors) == MOST_KEPT
    assert [errors[0].kind, errors[1].message] == ["stale", "failure 1"]


@pytest.mark.parametrize("answer", [(404, {}, b""), (503, {}, b""), *NO_RECEIPTS])
def test_status__console_that_takes_none__hinders_nothing_and_is_told_no_goodbye(
    console: FakeConsole,
    router: Router,
    said: list[str],
    answer: tuple[int, Mapping[str, str], bytes],
) -> None:
    console.status = answer
    client = router().start()
    assert client.wait_ready(5)
    wait_until(lambda: client._status._failures > 0)
    client.close()
    assert len(said) == 1
    assert client.decide({"attributes": {}}).release.number == 1
    assert not any(report.has_ended for report in reports(console))


@pytest.mark.parametrize(
    "labels",
    [{"": "x"}, {"region": ""}, {"region": " eu"}, {"region": "e\nu"}, {"region": "x" * 121}],
)
def test_labels__that_the_console_would_refuse__are_refused_at_once(
    router: Router, labels: dict[str, str]
) -> None:
    with pytest.raises(ClientError, match="label"):
        router(labels=labels)


def test_health__of_any_client__is_plain_json(console: FakeConsole, router: Router) -> None:
    client = router()
    before = json.loads(json.dumps(dataclasses.asdict(client.health)))
    assert (before["ready"], before["reason"]) == (False, "There is no release yet.")
    client.poll_once()
    after = json.loads(json.dumps(dataclasses.asdict(client.health)))
    assert (after["ready"], after["release"], after["source"]) == (True, 1, "network")
    assert (after["confirmed_s"], after["disk"], after["outcomes_waiting"]) == (0, "", 0)
