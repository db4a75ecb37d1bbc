"""A router that reports sums of each minute: each request once, in bounded memory."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from policies.client import Summaries
from policies.client.errors import ClientError
from policies.client.summaries import Summer
from tests.client.conftest import Router
from tests.client.fake_console import TAKEN, FakeConsole

OUTCOMES = "/api/v1/outcomes"
Clock = list[float]


@pytest.fixture
def clock() -> Clock:
    return [0.0]


@pytest.fixture
def summing(clock: Clock) -> Callable[..., Summer]:
    def make(steps: tuple[int, ...] = (), **settings: Any) -> Summer:
        return Summer(Summaries(**settings), lambda: steps, lambda: clock[0])

    return make


def told(request_id: str = "r", at: str = "12:00:00.5", **members: Any) -> str:
    """An event as JSON; `class_` stands for the member `class`."""
    if "class_" in members:
        members["class"] = members.pop("class_")
    return json.dumps(
        {
            "request_id": request_id,
            "time": f"2026-03-01T{at}Z",
            "class": "simple",
            "model": "orchid",
            **members,
        }
    )


def read(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_sums__of_a_minute__are_one_line_of_whole_numbers(summing: Callable[..., Summer]) -> None:
    summer = summing()
    for number in range(3):
        summer.add(
            told(f"{number}", f"12:00:{number:02}", quality=0.1, latency_ms=1.5, cost_usd=0.2)
        )
    (line,) = read(summer.take(everything=True))
    assert line.pop("summary_id").split("/")[1:] == ["2026-03-01T12:00:00Z", "1"]
    assert line == {
        "minute": "2026-03-01T12:00:00Z",
        "class": "simple",
        "model": "orchid",
        "served_model": "orchid",
        "requests": 3,
        "quality_known": 3,
        "quality_nano": 300_000_000,
        "cost_known": 3,
        "cost_nano_usd": 600_000_000,
        "latency_us": 4500,
        "latency_bins": [366, 3],
    }


def test_sums__before_their_time__wait_and_what_comes_late_opens_a_further_part(
    summing: Callable[..., Summer], clock: Clock
) -> None:
    summer = summing()
    summer.add(told("a"))
    clock[0] = 59.0
    assert summer.take() == []
    clock[0] = 60.0
    (first,) = read(summer.take())
    summer.add(told("b"))
    assert summer.take() == []
    clock[0] = 120.0
    (second,) = read(summer.take())
    assert first["minute"] == second["minute"]
    assert first["summary_id"] != second["summary_id"]
    assert first["requests"] == second["requests"] == 1


def test_sums__whose_time_has_come_while_nobody_takes_them__go_with_the_next_request(
    summing: Callable[..., Summer], clock: Clock
) -> None:
    summer = summing()
    assert summer.add(told("a")) == []
    clock[0] += 60
    (sums,) = read(summer.add(told("b")))
    assert sums["requests"] == 1
    (rest,) = read(summer.take(everything=True))
    assert (rest["requests"], rest["summary_id"] != sums["summary_id"]) == (1, True)


def test_sums__of_what_differs__are_apart(summing: Callable[..., Summer]) -> None:
    summer = summing()
    failed = {"model": "orchid", "failure_kind": "timeout"}
    different: list[dict[str, Any]] = [
        {},
        {"class_": "complex"},
        {"labelled_class": "simple"},
        {"model": "swift-small"},
        {"release_digest": "sha256:" + "0" * 64},
        {"attempts": [failed]},
        {"attempts": [failed, {"model": "swift-small"}]},
        {"time": "2026-03-01T12:01:00Z"},
    ]
    for number, members in enumerate(different):
        summer.add(told(f"{number}", **members))
    lines = read(summer.take(everything=True))
    assert [line["requests"] for line in lines] == [1] * 8
    chains = [(line.get("tried"), line.get("served_model")) for line in lines]
    assert chains[5:7] == [(["orchid"], None), (["orchid", "swift-small"], "swift-small")]


def test_sums__of_requests_without_a_cost__are_apart_by_the_steps_of_price(
    summing: Callable[..., Summer],
) -> None:
    summer = summing(steps=(100, 200))
    for size in (5, 100, 101, 250, 201):
        summer.add(told(f"{size}", input_tokens=size, output_tokens=1))
    summer.add(told("dear", input_tokens=7, output_tokens=1, cost_usd=1))
    summer.add(told("half", input_tokens=7))
    lines = read(summer.take(everything=True))
    spans = [(line.get("unpriced_input_tokens"), line["requests"]) for line in lines]
    assert spans == [([5, 100], 2), ([101, 101], 1), ([201, 250], 2), (None, 2)]


def test_sums__request_told_again__counts_once(summing: Callable[..., Summer]) -> None:
    summer = summing()
    for request_id in ("a", "a", "b", "a"):
        summer.add(told(request_id))
    (line,) = read(summer.take(everything=True))
    assert line["requests"] == 2


def test_sums__more_kinds_than_are_kept_apart__are_other_and_counted(
    summing: Callable[..., Summer],
) -> None:
    summer = summing(most_kinds=2)
    attempts = [{"model": "a", "failure_kind": "timeout"}, {"model": "b"}]
    for number in range(10):
        summer.add(told(f"{number}", class_=f"c{number}", attempts=attempts))
    lines = read(summer.take(everything=True))
    assert [line["class"] for line in lines] == ["c0", "c1", "other"]
    assert (lines[2]["requests"], lines[2]["tried"]) == (8, ["other", "other"])
    assert lines[2]["served_model"] == lines[2]["model"] == "other"
    assert summer.other == 8


def test_sums__of_ever_new_minutes__go_early_so_that_memory_is_bounded(
    summing: Callable[..., Summer],
) -> None:
    summer = summing(most_kinds=3)
    lines: list[str] = []
    for number in range(100):
        minute = f"2026-03-01T{number // 60:02}:{number % 60:02}Z"
        lines += summer.add(told(f"{number}", time=minute))
        assert summer.waiting <= 6
    lines += summer.take(everything=True)
    assert sum(line["requests"] for line in read(lines)) == 100
    assert len({line["summary_id"] for line in read(lines)}) == len(lines)


def test_sums__added_from_many_threads__count_each_once(summing: Callable[..., Summer]) -> None:
    summer = summing()

    def work(name: str) -> None:
        for number in range(200):
            summer.add(told(f"{name}-{number}"))

    threads = [threading.Thread(target=work, args=(f"{number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(line["requests"] for line in read(summer.take(everything=True))) == 1000


def test_sample__is_the_same_share_of_requests_everywhere_and_marked(
    summing: Callable[..., Summer],
) -> None:
    names = [f"r-{number}" for number in range(2000)]
    chosen = [name for name in names if Summaries(0.1).samples(name)]
    assert 140 < len(chosen) < 260
    summer = summing(sample=0.1)
    sent = [event for name in names for event in read(summer.add(told(name)))]
    assert [event["request_id"] for event in sent] == chosen
    assert all(event["in_sums"] is True for event in sent)
    assert set(chosen) <= {name for name in names if Summaries(0.2).samples(name)}
    assert not any(Summaries(0.0).samples(name) for name in names)
    assert all(Summaries(1.0).samples(name) for name in names)


@pytest.mark.parametrize("wrong", [{"sample": 1.5}, {"sample": -0.1}, {"most_kinds": 0}])
def test_summaries__that_make_no_sense__are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ClientError):
        Summaries(**wrong)


def test_client__with_sums__sends_them_when_it_is_closed(
    router: Router, console: FakeConsole, said: list[str]
) -> None:
    client = router(reports=Summaries())
    for number in range(50):
        assert client.report(json.loads(told(f"{number}")))
    assert client.health.outcomes_waiting == 1
    client.close()
    (asked,) = console.asked_for(OUTCOMES)
    assert [event["requests"] for event in asked.events] == [50]
    assert client.health.outcomes_waiting == 0
    assert said == []


def test_client__outcome_that_the_console_would_refuse__is_told_and_counted_as_lost(
    router: Router, said: list[str]
) -> None:
    client = router(reports=Summaries())
    assert not client.report({**json.loads(told()), "quality": 7})
    assert client.health.outcomes_lost == 1
    assert said == [
        "An outcome is lost: it cannot be summed: /quality: must be a number from 0 to 1."
    ]


def test_client__console_away__keeps_sums_on_disk_and_the_next_start_sends_them_as_they_were(
    router: Router, console: FakeConsole
) -> None:
    console.outcomes = (503, {"Retry-After": "0"}, b"")
    first = router(reports=Summaries(sample=1.0))
    first.report(json.loads(told("a")))
    first.close()
    tried = [event for asked in console.asked_for(OUTCOMES) for event in asked.events]
    console.outcomes = TAKEN
    second = router(reports=Summaries(sample=1.0))
    second.start()
    second.close()
    *_, asked = console.asked_for(OUTCOMES)
    assert [event.get("request_id") for event in asked.events] == ["a", None]
    assert asked.events[1]["summary_id"] in [event.get("summary_id") for event in tried]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_sums__in_a_forked_child__are_its_own(summing: Callable[..., Summer]) -> None:
    summer = summing()
    summer.add(told("of-the-parent"))
    summer.after_fork()
    assert summer.take(everything=True) == []
    summer.add(told("of-the-parent"))  # another process: it may have been told there as well
    (childs,) = read(summer.take(everything=True))
    other = summing()
    other.add(told("x"))
    (another,) = read(other.take(everything=True))
    assert childs["summary_id"].split("/")[0] != another["summary_id"].split("/")[0]
