"""The whole loop by REST alone: three people with tokens, one router, nothing stood in for."""

from __future__ import annotations

import datetime
import json
import time
import urllib.error
import urllib.request
from typing import Any

from tests.loop.poller import Poller
from tests.services.console import Console

WORKFLOW = "/workflows/support-assistant"
REASON = {"reason": "Read every rule and every gate."}
PLACE = {"environment": "production", "title": "Routine to Flash", "why": "It costs less."}


class Caller:
    """A person calling below /api/v1 with a token of their own."""

    def __init__(self, console: Console, name: str) -> None:
        self.base = f"{console.url}/api/v1"
        self.token = console.manage("personal_token", name, "loop test").strip()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        request = urllib.request.Request(  # noqa: S310 - the console's own http address
            self.base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                **headers,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def get(self, path: str) -> Any:
        status, said = self.call("GET", path)
        assert status == 200, said
        return said

    def post(self, path: str, body: Any = None) -> Any:
        status, said = self.call("POST", path, body)
        assert status in {200, 201}, said
        return said

    def refused(self, path: str, body: Any = None) -> tuple[int, list[str]]:
        status, said = self.call("POST", path, body)
        return status, [reason["code"] for reason in said.get("reasons", [])]


def route_routine_to(author: Caller, draft: int, *models: str) -> None:
    """Save other candidates for routine requests, from the revision that is there."""
    path = f"{WORKFLOW}/drafts/{draft}/documents/router_policy/"
    found = author.get(path)
    document = found["document"]
    rules = [rule for rule in document["rules"] if rule["when"] == {"class": {"in": ["routine"]}}]
    rules[0]["route"]["candidates"] = [{"model": model} for model in models]
    status, said = author.call("PUT", path, document, **{"If-Match": f'"{found["revision"]}"'})
    assert status == 200, said


def evaluate(author: Caller, number: int) -> None:
    """A real shadow evaluation on the evidence plan by the console's worker."""
    [run] = author.post(f"{WORKFLOW}/changes/{number}/evidence/")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run = author.get(f"{WORKFLOW}/evaluations/{run['id']}/")
        if run["status"] == "finished":
            assert run["verdict"] == "pass", run["report"]["reasons"]
            return
        time.sleep(0.2)
    raise AssertionError(f"The evaluation did not finish: {run['status']} {run['error']}")


def approve_by_two(reviewer: Caller, owner: Caller, change: str) -> None:
    seen = reviewer.get(change)["subject_digest"]
    reviewer.post(f"{change}approve/", {**REASON, "subject_digest": seen})
    owner.post(f"{change}approve/", {**REASON, "subject_digest": seen})
    assert owner.get(change)["state"] == "approved"


def test_loop__three_people_with_tokens__from_draft_to_rollback(
    demo_console: Console, poller: Poller
) -> None:
    author, reviewer, owner = (
        Caller(demo_console, name) for name in ("author", "reviewer", "owner")
    )
    before = poller.decide({"request_id": "rest-1", "attributes": {"intent": "faq"}})["release"]

    draft = author.post(f"{WORKFLOW}/drafts/", {"title": "Routine to Flash"})["id"]
    route_routine_to(author, draft, "gemini-2.0-flash", "gpt-4o-mini")
    number = author.post(f"{WORKFLOW}/changes/", {"draft": draft, **PLACE})["number"]
    change = f"{WORKFLOW}/changes/{number}/"
    evaluate(author, number)
    author.post(f"{change}submit/")

    own = {**REASON, "subject_digest": author.get(change)["subject_digest"]}
    status, codes = author.refused(f"{change}approve/", own)
    assert status == 403
    assert "four_eyes" in codes
    approve_by_two(reviewer, owner, change)

    route_routine_to(author, draft, "gemini-2.0-flash")
    assert author.post(f"{change}update-content/")["state"] == "in_review"
    status, codes = owner.refused(f"{change}publish/")
    assert status == 409
    assert "state" in codes

    evaluate(author, number)
    approve_by_two(reviewer, owner, change)
    started = time.monotonic()
    release = owner.post(f"{change}publish/")
    arrived = poller.next_release(within=10)
    assert arrived.at - started < 1.5  # the publication itself is within this span
    assert (arrived.number, arrived.digest) == (release["number"], release["digest"])

    report_and_read_scorecard(demo_console, poller, reviewer, release["digest"])
    back = owner.post(
        f"{WORKFLOW}/releases/production/{before['number']}/roll-back/",
        {"reason": "Two attempts are too few."},
    )
    restored = poller.next_release(within=5)
    assert restored.number == back["number"] == release["number"] + 1
    assert restored.digest == before["digest"]


def report_and_read_scorecard(
    console: Console, poller: Poller, reader: Caller, digest: str
) -> None:
    """The router reports an outcome; the scorecard of that release counts it."""
    answer = poller.decide({"request_id": "rest-2", "attributes": {"intent": "faq"}})
    outcome = {
        "request_id": "rest-2",
        "time": datetime.datetime.now(datetime.UTC).isoformat(),
        "class": answer["class"],
        "model": answer["model"],
        "served_model": answer["model"],
        "latency_ms": 640,
        "quality": 1.0,
    }
    poller.send({"outcome": outcome})
    assert json.loads(poller.answers.get(timeout=10))["outcome"] == "queued"
    for _ in range(50):
        console.manage("roll_up")
        query = f"?env=production&period=24h&release={digest}"
        if reader.get(f"{WORKFLOW}/scorecard{query}")["requests"] == 1:
            return
        time.sleep(0.2)
    raise AssertionError("The reported outcome never reached the scorecard.")
