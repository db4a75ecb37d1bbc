"""Each line in gets one line out: a decision, a receipt, or what is wrong with it and where."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.client import Summaries
from policies.client.lines import LONGEST_LINE, LineServer, lines_of
from tests.client.conftest import Router
from tests.client.fake_console import FakeConsole


@pytest.fixture
def lines(router: Router) -> LineServer:
    client = router()
    client.poll_once()
    return LineServer(client, reports=True)


def ask(lines: LineServer, line: object) -> Any:
    return lines.answer(json.dumps(line).encode())


def pointers(answer: dict[str, Any]) -> list[str]:
    return [problem["pointer"] for problem in answer["problems"]]


def test_request__good_line__gets_its_decision(lines: LineServer) -> None:
    answer = ask(lines, {"request_id": "r-1", "attributes": {"task": "code"}})
    assert answer["release"]["number"] == 1
    assert answer["release"]["digest"].startswith("sha256:")
    assert {name: answer[name] for name in ("request_id", "class", "class_rule", "model")} == {
        "request_id": "r-1",
        "class": "complex",
        "class_rule": "c1",
        "model": "swift-large",
    }
    assert answer["candidates"] == ["swift-large"]
    assert "ignored" not in answer and "next" not in answer


def test_request__same_line_twice__gets_the_same_answer(lines: LineServer) -> None:
    line = {"request_id": "r-7", "attributes": {"task": "answer"}}
    assert ask(lines, line) == ask(lines, line)


def test_request__undeclared_attribute__is_decided_and_the_attribute_named(
    lines: LineServer,
) -> None:
    answer = ask(lines, {"attributes": {"colour": "red"}})
    assert answer["model"]
    assert answer["ignored"][0]["pointer"] == "/attributes/colour"


def test_attempts__none_yet__says_whom_to_call(lines: LineServer) -> None:
    answer = ask(lines, {"attributes": {"task": "code"}, "attempts": []})
    assert answer["next"] == {"do": "call", "model": "swift-large", "wait_ms": 0}


def test_attempts__after_a_failure__says_whom_to_call_next(lines: LineServer) -> None:
    failed = {"model": "swift-large", "failure_kind": "timeout", "latency_ms": 900}
    answer = ask(lines, {"attributes": {"task": "code"}, "attempts": [failed]})
    assert answer["next"] == {"do": "call", "model": "orchid", "wait_ms": 0}


def test_attempts__after_success__says_to_stop(lines: LineServer) -> None:
    answer = ask(lines, {"attributes": {"task": "code"}, "attempts": [{"model": "swift-large"}]})
    assert (answer["next"]["do"], answer["next"]["reason"]) == ("stop", "succeeded")


def test_request__everything_wrong__is_told_all_at_once(lines: LineServer) -> None:
    line = {
        "attributes": {"task": {}},
        "colour": 1,
        "attempts": [{"failure_kind": "tiredness"}, {"model": "x", "latency_ms": -1}],
    }
    assert sorted(pointers(ask(lines, line))) == [
        "/attempts/0/failure_kind",
        "/attempts/0/model",
        "/attempts/1/latency_ms",
        "/attributes/task",
        "/colour",
    ]


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"null", b"7", b'{"a":1,"a":2}', b"\xff\xfe", b"[" * 100_000, b"NaN"],
)
def test_line__that_is_no_object__gets_an_error_line(lines: LineServer, line: bytes) -> None:
    answer = lines.answer(line)
    assert answer["error"] == "The line cannot be read."
    assert answer["problems"]


def test_line__longer_than_any_request__gets_an_error_line_and_the_next_its_decision(
    lines: LineServer,
) -> None:
    good = json.dumps({"request_id": "r-1", "attributes": {"task": "code"}}).encode()
    sent = io.BytesIO(b"x" * (3 * LONGEST_LINE) + b"\n" + good + b"\n" + b"y" * (2 * LONGEST_LINE))
    read = list(lines_of(sent))
    assert [len(line) for line in read] == [LONGEST_LINE + 1, len(good) + 1, LONGEST_LINE + 1]
    answers = [lines.answer(line) for line in read]
    assert answers[0]["problems"] == answers[2]["problems"]
    assert answers[0]["problems"] == [
        {"pointer": "", "message": "must be at most 4,194,304 bytes long"}
    ]
    assert answers[1]["model"] == "swift-large"


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["attributes", "prompt", "request_id", "attempts", "outcome", "model", "task"]
                )
                | st.text(max_size=5),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_line__any_json_at_all__gets_an_answer_that_can_be_printed(
    lines: LineServer, value: object
) -> None:
    answer = lines.answer(json.dumps(value).encode("utf-8", "surrogatepass"))
    assert json.dumps(answer, ensure_ascii=False, allow_nan=False).encode("utf-8")


def test_request__no_release_yet__gets_an_error_line(router: Router) -> None:
    lines = LineServer(router(), reports=False)
    assert ask(lines, {"attributes": {}})["error"] == "There is no release yet."


def test_outcome__of_a_decided_request__is_completed_with_what_decided_it(
    console: FakeConsole, router: Router
) -> None:
    client = router()
    client.poll_once()
    decided_by = client.release
    lines = LineServer(client, reports=True)
    ask(lines, {"request_id": "r-1", "attributes": {"task": "code"}})
    console.publish(2, share=10)
    client.poll_once()
    receipt = ask(lines, {"outcome": {"request_id": "r-1", "latency_ms": 12, "model": "orchid"}})
    assert receipt == {"outcome": "queued", "request_id": "r-1"}
    client.close()
    (event,) = console.asked_for("/api/v1/outcomes")[0].events
    assert decided_by is not None and event.pop("release_digest") == decided_by.digest
    assert event.pop("time").endswith("+00:00")
    assert event == {
        "request_id": "r-1",
        "attributes": {"task": "code"},
        "class": "complex",
        "rule": "default",
        "model": "orchid",
        "latency_ms": 12,
    }


def test_outcome__of_an_unknown_request__is_credited_to_no_release(
    console: FakeConsole, router: Router
) -> None:
    client = router()
    client.poll_once()
    ask(LineServer(client, reports=True), {"outcome": {"request_id": "r-9", "class": "simple"}})
    client.close()
    (event,) = console.asked_for("/api/v1/outcomes")[0].events
    assert client.release is not None and "release_digest" not in event


def test_outcome__without_a_console_to_report_to__gets_an_error_line(
    console: FakeConsole, router: Router
) -> None:
    client = router(url="", token=None, static_url=console.url + "/static/")
    answer = ask(LineServer(client, reports=True), {"outcome": {"request_id": "r-1"}})
    [problem] = answer["problems"]
    assert problem == {
        "pointer": "/outcome",
        "message": "cannot be reported: no console is known to report to",
    }
    assert client.health.outcomes_lost == 0  # it was told to who sent it


def test_outcome__that_cannot_be_summed__gets_an_error_line(router: Router) -> None:
    client = router(reports=Summaries(sample=0.0))
    client.poll_once()
    outcome = {"request_id": "r-1", "cost_usd": "abc"}
    [problem] = ask(LineServer(client, reports=True), {"outcome": outcome})["problems"]
    assert "cannot be summed: /cost_usd" in problem["message"]
    assert (client.health.outcomes_waiting, client.health.outcomes_lost) == (0, 0)


@pytest.mark.parametrize("outcome", [None, [], {}, {"request_id": 7}, "x"])
def test_outcome__without_the_id_of_its_request__gets_an_error_line(
    lines: LineServer, outcome: object
) -> None:
    assert "/outcome/request_id" in pointers(ask(lines, {"outcome": outcome}))


def test_outcome__without_report__gets_an_error_line(router: Router) -> None:
    lines = LineServer(router(), reports=False)
    assert pointers(ask(lines, {"outcome": {"request_id": "r"}})) == ["/outcome"]
