"""LiteLLM itself, offline: what its exceptions are, and the loop up to the scorecard.

The provider is a server of the test that fails on order, the console the real one, and LiteLLM runs
in a process and an environment of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from evaluations.models import Outcome
from evaluations.services.outcomes.rollups import roll_up
from evaluations.services.scorecard.scorecard import Filters, scorecard
from policies.engine import Attempt, NextAttempt, decide, next_attempt, parse_bundle, parse_request
from policies.models import Environment, Release
from policies.services.routers.tokens import issue_router_token
from tests.client.litellm.fake_provider import REFUSALS, FakeProvider
from tests.client.litellm.process import Process
from tests.policies.steps import documents, published
from tests.services.live_console import LiveConsole
from tests.services.waiting import within

pytestmark = pytest.mark.slow
NAMES = ["swift-small", "swift-large", "orchid"]
KINDS = {
    "bad_gateway": "server_error",
    "gateway_timeout": "timeout",
    "drops": "network",
    "refused_content": "content_policy",
}
# Six kinds of failure, each told by LiteLLM in a way of its own.
SIX = ("rate_limit", "quota_exhausted", "server_error", "content_policy", "hangs", "drops")
OF_ORDER = {**{name: name for name in REFUSALS}, **KINDS, "hangs": "timeout"}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_exceptions__of_litellm_itself__are_of_the_kind_that_was_ordered(
    litellm_process: Process, provider: FakeProvider, stream: bool, asynchronous: bool
) -> None:
    wrong = {}
    for order, kind in OF_ORDER.items():
        provider.order("m", order)
        told = litellm_process.ask(
            "failure", url=provider.url, stream=stream, asynchronous=asynchronous
        )
        if told["kind"] != kind:
            wrong[order] = told
    assert wrong == {}


def test_broken_stream_and_refused_connection__of_litellm_itself__are_told(
    litellm_process: Process, provider: FakeProvider
) -> None:
    provider.order("m", "breaks")
    told = litellm_process.ask("failure", url=provider.url, stream=True)
    assert told["kind"] == "stream_interrupted"
    told = litellm_process.ask("failure", url="http://127.0.0.1:9/v1")
    assert (told["kind"], told["class"]) == ("network", "InternalServerError")


def test_wish_to_be_left_alone__of_a_rate_limit__is_told(
    litellm_process: Process, provider: FakeProvider
) -> None:
    provider.retry_after_s = 3
    provider.order("m", "rate_limit")
    assert litellm_process.ask("failure", url=provider.url)["wish"] == 3000


def documents_of_failures(share: int) -> dict[str, Any]:
    """Documents whose matrix answers what a provider can do, without long waits."""
    content = documents(share=share)
    often = ["rate_limit", "overloaded"]
    rare = ["timeout", "server_error", "network", "quota_exhausted"]
    apart = ["content_policy", "context_window"]
    waits = {"count": 1, "base_ms": 5, "max_ms": 10, "honour_retry_after": False}
    content["fallback_matrix"] = {
        "schema": 1,
        "rows": [
            {"model": "*", "on": often, "retries": waits, "then": ["orchid", "swift-large"]},
            {"model": "*", "on": rare, "then": ["swift-large", "orchid"]},
            {"model": "*", "class": "complex", "on": apart, "then": ["orchid"]},
        ],
        "limits": {"retry_budget": None, "breaker": None},
    }
    for row in content["fallback_matrix"]["rows"]:
        row["then"] = [target for target in row["then"] if target != row["model"]]
    return content


@pytest.fixture
def router(
    live_console: LiveConsole,
    litellm_process: Process,
    staging: Environment,
    author: User,
    owner: User,
    operator: User,
    tmp_path: Path,
) -> Iterator[Release]:
    """A LiteLLM process with a client that holds the first release."""
    release = published(staging, author, [owner], owner, documents_of_failures(90))
    _, token = issue_router_token(staging, "router", acting_user=operator)
    started = litellm_process.ask("start", url=live_console.url, token=token, folder=str(tmp_path))
    assert started
    yield release
    litellm_process.ask("stop")


def by_the_engine(release: Release, request: dict[str, Any], failures: dict[str, list[str]]) -> Any:
    """The attempts that the engine alone would have made, models failing in turn as ordered."""
    bundle = parse_bundle(release.bundle.content)
    parsed = parse_request(request)
    decision = decide(bundle, parsed)
    left = {model: list(kinds) for model, kinds in failures.items()}
    attempts: list[Attempt] = []
    while True:
        step = next_attempt(bundle, decision, attempts, request_id=parsed.request_id)
        if not isinstance(step, NextAttempt):
            return [(attempt.model, attempt.failure_kind) for attempt in attempts]
        kind = OF_ORDER[left[step.model].pop(0)] if left.get(step.model) else None
        attempts.append(Attempt(step.model, kind, bytes_sent=False))


WAYS = ("complete", "astream", "acomplete", "stream")
# Each failure in both classes, and each way to call with each class.
ASKED = tuple(
    (WAYS[(number + turn) % 4], order, task)
    for number, order in enumerate(SIX)
    for turn, task in enumerate(("answer", "code", "answer"))
)


@pytest.mark.django_db(transaction=True)
def test_loop__six_failures_and_four_ways_to_call__is_the_engines_and_arrives_exactly(
    router: Release, staging: Environment, litellm_process: Process, provider: FakeProvider
) -> None:
    expected: dict[str, Any] = {}
    for number, (how, order, task) in enumerate(ASKED):
        failures = {"swift-small": [order], "swift-large": [order, order], "orchid": ["overloaded"]}
        provider.forget()
        for model, kinds in failures.items():
            provider.order(model, *kinds)
        request = {"attributes": {"task": task}, "request_id": f"r-{number}"}
        [told] = litellm_process.ask(
            "requests", url=provider.url, names=NAMES, how=how, requests=[request]
        )
        attempts = by_the_engine(router, request, failures)
        assert provider.called == [model for model, _ in attempts]
        answered = attempts[-1][0] if attempts[-1][1] is None else None
        assert told.get("model") == answered, told
        assert answered is None or told["text"] == "One two three"
        expected[f"r-{number}"] = attempts
    litellm_process.ask("stop")  # sends what is waiting
    assert kept() == expected
    roll_up(staging.workflow)
    board = scorecard(staging, Filters("28d"), now=timezone.now())
    values = {metric.name: metric.value for metric in board.metrics}
    made = sum(map(len, expected.values()))
    assert 0 < sum(attempts[-1][1] is None for attempts in expected.values()) < len(expected)
    unanswered = sum(attempts[-1][1] is not None for attempts in expected.values())
    assert values["amplification"] == made / len(expected)
    assert values["error_rate"] == unanswered / len(expected)


@pytest.mark.django_db(transaction=True)
def test_approved_change__alters_where_litellms_requests_go(
    router: Release,
    staging: Environment,
    author: User,
    owner: User,
    litellm_process: Process,
    provider: FakeProvider,
) -> None:
    requests = [{"attributes": {"task": "answer"}, "request_id": f"r-{n}"} for n in range(20)]

    def called() -> list[str]:
        provider.forget()
        litellm_process.ask(
            "requests", url=provider.url, names=NAMES, how="complete", requests=requests
        )
        return list(provider.called)

    def decided(release: Release) -> list[str | None]:
        bundle = parse_bundle(release.bundle.content)
        return [decide(bundle, parse_request(request)).model for request in requests]

    assert called() == decided(router)
    second = published(staging, author, [owner], owner, documents_of_failures(10))
    assert litellm_process.ask("wait_for_release", number=second.number) == second.number
    assert called() == decided(second) != decided(router)


@pytest.mark.django_db(transaction=True)
def test_tokens__are_known_where_the_provider_counted_and_not_where_litellm_guessed(
    router: Release, litellm_process: Process, provider: FakeProvider
) -> None:
    expected: dict[str, tuple[int | None, int | None]] = {}
    for how in WAYS:
        for provider.tells_usage in (True, False):
            request_id = f"{how}-{provider.tells_usage}"
            request = {"attributes": {"task": "answer"}, "request_id": request_id}
            litellm_process.ask(
                "requests", url=provider.url, names=NAMES, how=how, requests=[request]
            )
            expected[request_id] = (11, 7) if provider.tells_usage else (None, None)
    litellm_process.ask("stop")
    found = {
        outcome.request_id: (outcome.input_tokens, outcome.output_tokens)
        for outcome in Outcome.objects.all()
    }
    assert found == expected


@pytest.mark.django_db(transaction=True)
def test_stream__that_is_left_early__hangs_up_on_the_provider(
    router: Release, litellm_process: Process, provider: FakeProvider
) -> None:
    for name in NAMES:
        provider.order(name, *["goes_on"] * 4)
    request = {"attributes": {"task": "answer"}, "request_id": "r-1"}
    left = litellm_process.ask("leave_early", url=provider.url, names=NAMES, request=request)
    assert left == len(provider.called) == 4
    assert within(10, lambda: provider.hung_up == left)
    litellm_process.ask("stop")
    assert kept() == {}  # nobody knows what it would have come to


def kept() -> dict[str, list[tuple[str, str | None]]]:
    return {
        outcome.request_id: [
            (attempt["model"], attempt["failure_kind"]) for attempt in outcome.attempts
        ]
        for outcome in Outcome.objects.all()
    }
