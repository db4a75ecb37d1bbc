"""Decisions, next attempts and outcomes over HTTP mean what lines on standard input mean."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.client.lines import LineServer
from tests.client.conftest import Router
from tests.client.fake_console import FakeConsole
from tests.client.sidecar.conftest import Running, running

CODE = {"request_id": "r-1", "attributes": {"task": "code"}}
FAILED = {"model": "swift-large", "failure_kind": "timeout", "latency_ms": 900}


def test_decide__a_request__is_answered_as_a_line_would_be(sidecar: Running) -> None:
    answered = sidecar.post("/v1/decide", CODE)
    asked = json.dumps({**CODE, "attempts": []}).encode()
    line = LineServer(sidecar.client, reports=False).answer(asked)
    assert (answered.status, answered.json) == (200, line)
    assert answered.json["model"] == "swift-large"


def test_decide__with_attempts__says_what_to_do_next(sidecar: Running) -> None:
    answered = sidecar.post("/v1/decide", {**CODE, "attempts": [FAILED]})
    assert answered.json["next"] == {"do": "call", "model": "orchid", "wait_ms": 0}


def test_decide__everything_wrong__is_told_all_at_once_with_its_place(sidecar: Running) -> None:
    wrong = {"attributes": {"task": {}}, "colour": 1, "attempts": [{"model": 7}]}
    answered = sidecar.post("/v1/decide", wrong)
    assert answered.status == 400
    assert answered.headers["Content-Type"] == "application/problem+json"
    assert sorted(answered.pointers) == ["/attempts/0/model", "/attributes/task", "/colour"]


@pytest.mark.parametrize("path", ["/v1/decide", "/v1/next-attempt", "/v1/outcomes"])
@pytest.mark.parametrize("body", [b"", b"{", b"null", b'{"a":1,"a":2}', b"\xff", b"[" * 9999])
def test_any_path__what_is_no_object__is_refused_with_its_place(
    sidecar: Running, path: str, body: bytes
) -> None:
    answered = sidecar.ask("POST", path, body=body)
    assert answered.status == 400
    assert answered.json.get("problems") or answered.json["rejected"]


MANY: list[dict[str, Any]] = [
    {f"a{number}": "x" for number in range(60_000)},
    {"task": ["x"] * 60_000},
    {"task": [1] * 60_000},
]


@pytest.mark.parametrize("attributes", MANY, ids=["members", "texts", "numbers"])
@pytest.mark.parametrize("path", ["/v1/decide", "/ofrep/v1/evaluate/flags/model"])
def test_request__of_more_values_than_any_has__is_refused_before_others_wait(
    sidecar: Running, path: str, attributes: dict[str, Any]
) -> None:
    answered = sidecar.post(path, {"attributes": attributes, "context": {}})
    assert answered.status == 400
    assert b"must hold at most 10,000 values in all" in answered.body


def test_request__of_as_many_values_as_may_be__is_answered(sidecar: Running) -> None:
    attributes = {"task": "code", **{f"a{number}": number for number in range(9_000)}}
    assert sidecar.post("/v1/decide", {"attributes": attributes}).status == 200


def test_decide__no_release_yet__is_unavailable_and_asked_to_come_back(router: Router) -> None:
    with running(router()) as sidecar:
        answered = sidecar.post("/v1/decide", CODE)
    assert (answered.status, answered.headers["Retry-After"]) == (503, "5")
    assert answered.json["detail"] == "There is no release yet."


def test_next_attempt__by_request_id__goes_on_from_the_decision(sidecar: Running) -> None:
    sidecar.post("/v1/decide", CODE)
    asked = {"request_id": "r-1", "attempts": [FAILED]}
    answered = sidecar.post("/v1/next-attempt", asked)
    assert answered.status == 200
    assert answered.json["next"] == {"do": "call", "model": "orchid", "wait_ms": 0}


def test_next_attempt__with_the_decision_echoed__needs_no_memory(
    sidecar: Running, router: Router
) -> None:
    decision = sidecar.post("/v1/decide", CODE).json
    with running(sidecar.client) as restarted:
        asked = {"decision": decision, "attempts": [FAILED]}
        answered = restarted.post("/v1/next-attempt", asked)
    assert answered.json["next"] == {"do": "call", "model": "orchid", "wait_ms": 0}


@pytest.mark.parametrize("echoed", [True, False])
def test_next_attempt__after_another_release__is_that_of_the_release_that_decided(
    sidecar: Running, console: FakeConsole, echoed: bool
) -> None:
    decision = sidecar.post("/v1/decide", CODE).json
    console.publish(2, share=10)
    assert sidecar.client.poll_once()
    of: dict[str, Any] = {"decision": decision} if echoed else {"request_id": "r-1"}
    answered = sidecar.post("/v1/next-attempt", {**of, "attempts": [FAILED]})
    assert answered.json["release"]["number"] == 1
    assert sidecar.post("/v1/decide", CODE).json["release"]["number"] == 2


def test_next_attempt__of_a_request_never_decided__says_what_to_do(sidecar: Running) -> None:
    answered = sidecar.post("/v1/next-attempt", {"request_id": "r-9", "attempts": []})
    assert answered.status == 409
    assert "Send the decision along" in answered.json["detail"]


def test_next_attempt__by_a_release_not_held__says_to_decide_again(sidecar: Running) -> None:
    decision = sidecar.post("/v1/decide", CODE).json
    decision["release"]["digest"] = "sha256:" + "0" * 64
    answered = sidecar.post("/v1/next-attempt", {"decision": decision, "attempts": []})
    assert answered.status == 409
    assert "Decide again" in answered.json["detail"]


def test_next_attempt__everything_wrong__is_told_all_at_once_with_its_place(
    sidecar: Running,
) -> None:
    wrong = {"decision": {"model": 7}, "attempts": [{"failure_kind": "tired"}], "colour": 1}
    answered = sidecar.post("/v1/next-attempt", wrong)
    assert answered.status == 400
    assert set(answered.pointers) == {
        "/attempts/0/failure_kind",
        "/attempts/0/model",
        "/colour",
        "/decision/class",
        "/decision/model",
        "/decision/release",
        "/decision/request_id",
        "/decision/requirements",
    }


def test_outcomes__of_a_decided_request__arrive_with_what_decided_it(
    sidecar: Running, console: FakeConsole
) -> None:
    sidecar.post("/v1/decide", CODE)
    answered = sidecar.post("/v1/outcomes", {"request_id": "r-1", "latency_ms": 12})
    assert (answered.status, answered.json) == (202, {"queued": 1, "rejected": []})
    sidecar.client.close()
    (event,) = console.asked_for("/api/v1/outcomes")[0].events
    assert (event["model"], event["class"], event["latency_ms"]) == ("swift-large", "complex", 12)


def test_outcomes__with_attempts_that_nobody_asked_about__count_for_the_breaker(
    sidecar: Running,
) -> None:
    failed = {"model": "swift-large", "failure_kind": "timeout", "latency_ms": None}
    for number in range(20):
        request_id = f"r-{number}"
        sidecar.post("/v1/decide", {"request_id": request_id, "attributes": {"task": "code"}})
        sidecar.post("/v1/outcomes", {"request_id": request_id, "attempts": [failed]})
    assert sidecar.client.runtime().open_breakers == {"swift-large"}
    answer = sidecar.post("/v1/decide", CODE).json
    assert (answer["model"], answer["next"]["model"]) == ("swift-large", "orchid")
    context = {"context": {"task": "code"}}
    flag = sidecar.post("/ofrep/v1/evaluate/flags/model", context).json
    assert (flag["value"], flag["metadata"]["intended_model"]) == ("orchid", "swift-large")


def test_outcomes__a_list_with_a_bad_one__keeps_the_good_and_names_the_bad(
    sidecar: Running,
) -> None:
    answered = sidecar.post("/v1/outcomes", [{"request_id": "r-1"}, {"latency_ms": 3}, 7])
    assert answered.status == 202
    assert answered.json["queued"] == 1
    assert [rejection["index"] for rejection in answered.json["rejected"]] == [1, 2]
    assert answered.json["rejected"][0]["problems"][0]["pointer"] == "/request_id"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/nothing", 404),
        ("GET", "/v1/decide", 405),
        ("DELETE", "/healthz", 405),
        ("POST", "/metrics", 405),
        ("GET", "/", 404),
    ],
)
def test_other_paths_and_methods__are_refused_with_what_there_is(
    sidecar: Running, method: str, path: str, status: int
) -> None:
    answered = sidecar.ask(method, path)
    assert answered.status == status
    assert answered.headers["Content-Type"] == "application/problem+json"


def test_post__without_json__is_refused(sidecar: Running) -> None:
    answered = sidecar.ask("POST", "/v1/decide", CODE, {"Content-Type": "text/plain"})
    assert answered.status == 415


def test_post__packed__is_refused_with_what_to_do(sidecar: Running) -> None:
    body = gzip.compress(json.dumps(CODE).encode())
    answered = sidecar.ask("POST", "/v1/decide", headers={"Content-Encoding": "gzip"}, body=body)
    assert (answered.status, answered.headers["Accept-Encoding"]) == (415, "identity")
    assert "Content-Encoding" in answered.json["detail"]
    plain = {"Content-Encoding": "identity"}
    assert sidecar.ask("POST", "/v1/decide", CODE, plain).status == 200


def test_next_attempt__after_an_attempt_that_succeeded__is_refused_with_its_place(
    sidecar: Running,
) -> None:
    sidecar.post("/v1/decide", CODE)
    failed = {"model": "swift-large", "failure_kind": "timeout"}
    made = [failed, {"model": "orchid"}, failed]
    answered = sidecar.post("/v1/next-attempt", {"request_id": "r-1", "attempts": made})
    assert (answered.status, answered.pointers) == (400, ["/attempts/2"])
    made.pop()
    answered = sidecar.post("/v1/next-attempt", {"request_id": "r-1", "attempts": made})
    assert answered.json["next"]["reason"] == "succeeded"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("attributes", "prompt", "request_id", "attempts", "decision", "release"),
                    *("model", "task", "context", "targetingKey", "requirements", "class"),
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
PATHS = [
    *("/v1/decide", "/v1/next-attempt", "/v1/outcomes"),
    *("/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/model"),
]


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PATHS), JSON)
def test_any_path__any_json_at_all__is_never_a_fault(
    sidecar: Running, said: list[str], path: str, value: object
) -> None:
    answered = sidecar.ask("POST", path, body=json.dumps(value).encode("utf-8", "surrogatepass"))
    assert answered.status in (200, 202, 400, 409), said
    json.loads(answered.body)


def test_outcomes__never_wait_for_the_console(sidecar: Running, console: FakeConsole) -> None:
    console.outcomes = (503, {"Retry-After": "60"}, b"")
    events = [{"request_id": f"r-{number}"} for number in range(1000)]
    assert sidecar.post("/v1/outcomes", events).json["queued"] == 1000


def test_outcomes__without_a_console_to_report_to__are_rejected_with_the_reason(
    console: FakeConsole, router: Router
) -> None:
    with running(router(url="", token=None, static_url=console.url + "/static/")) as sidecar:
        answered = sidecar.post("/v1/outcomes", {"request_id": "r-1"})
    assert (answered.status, answered.json["queued"]) == (400, 0)
    [rejected] = answered.json["rejected"]
    assert "no console is known to report to" in rejected["problems"][0]["message"]
