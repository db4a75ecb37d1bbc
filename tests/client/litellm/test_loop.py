"""The loop against a module in LiteLLM's place: each call is the engine's, and each is told."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.outcomes.events import read_event
from policies.client import Decided
from policies.client.litellm import (
    Deployments,
    LiteLLM,
    NoModelCalled,
    UnknownDeployment,
)
from policies.engine import (
    Attempt,
    Bundle,
    NextAttempt,
    Stop,
    decide,
    next_attempt,
    parse_bundle,
    parse_request,
)
from tests.client.held_client import HeldClient
from tests.client.litellm.errors import OF_KIND, made
from tests.services import loops

VECTORS = Path(__file__).parent.parent.parent / "vectors"


def _bundle() -> Bundle:
    """That of the vectors without a breaker and a retry budget, which outlive a request."""
    bundle = parse_bundle(json.loads((VECTORS / "bundle.json").read_text()))
    limits = replace(bundle.fallback_matrix.limits, breaker=None, retry_budget=None)
    return replace(bundle, fallback_matrix=replace(bundle.fallback_matrix, limits=limits))


BUNDLE = _bundle()
CASES = json.loads((VECTORS / "decisions.json").read_text())["cases"]
# With ids, by which splits deal them out: a client gives a random one to a request without.
REQUESTS = [{"request_id": f"r-{n}"} | case["request"] for n, case in enumerate(CASES)]
MESSAGES = [{"role": "user", "content": "Hello"}]
USAGE = {"prompt_tokens": 11, "completion_tokens": 7}


class Console(HeldClient):
    """Time stands still here."""

    def __init__(self) -> None:
        super().__init__(BUNDLE, lambda: 0.0)
        self.told: list[int] = []

    def next_attempt(self, decided: Decided, attempts: Sequence[Attempt]) -> NextAttempt | Stop:
        self.told.append(len(attempts))
        return super().next_attempt(decided, attempts)


class Module:
    """What of LiteLLM the loop uses: fails in these kinds, in turn, then answers."""

    def __init__(
        self,
        failures: Sequence[str] = (),
        cost: float | None = 0.25,
        usage: Mapping[str, int] = USAGE,
    ) -> None:
        self.failures = list(failures)
        self.cost = cost
        self.usage = usage
        self.calls: list[dict[str, Any]] = []

    def completion(self, **parameters: Any) -> Any:
        self.calls.append(parameters)
        if self.failures:
            raise OF_KIND[self.failures.pop(0)]()
        return SimpleNamespace(usage=self.usage, _hidden_params={"response_cost": self.cost})

    async def acompletion(self, **parameters: Any) -> Any:
        return self.completion(**parameters)

    def cost_per_token(self, **parameters: Any) -> tuple[float, float]:
        return (0.1, 0.2)


class Raising(Module):
    """Raises one exception, whatever is asked."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def completion(self, **parameters: Any) -> Any:
        raise self.error


class Streaming(Module):
    """Streams three chunks; `breaks_after` chunks it breaks instead, once."""

    def __init__(self, failures: Sequence[str] = (), breaks_after: int | None = None) -> None:
        super().__init__(failures)
        self.breaks_after = breaks_after

    def completion(self, **parameters: Any) -> Any:
        super().completion(**parameters)
        return self.chunks()

    async def acompletion(self, **parameters: Any) -> Any:
        super().completion(**parameters)

        async def read() -> Any:
            for chunk in self.chunks():
                yield chunk

        return read()

    def chunks(self) -> Iterator[Any]:
        breaks_after, self.breaks_after = self.breaks_after, None
        for number in range(3):
            if number == breaks_after:
                raise made("APIConnectionError")
            yield _chunk(f"word {number}")
        yield SimpleNamespace(choices=[], usage=USAGE)


def _chunk(text: str) -> Any:
    delta = SimpleNamespace(content=text)
    return SimpleNamespace(choices=[SimpleNamespace(delta=delta, finish_reason=None)], usage=None)


def loop(console: Console, module: Module, **options: Any) -> LiteLLM:
    waits = options.pop("waits", [])
    return LiteLLM(
        console,
        options.pop("deployments", Deployments({})),
        module=module,
        clock=lambda: 0.0,
        sleep=waits.append,
        asleep=_nothing,
    )


async def _nothing(seconds: float) -> None:
    return None


def by_the_engine(request: Mapping[str, object], failures: Sequence[str]) -> tuple[list[str], str]:
    """The models that the engine alone would have called, and how the chain ends."""
    parsed = parse_request(request)
    decision = decide(BUNDLE, parsed)
    attempts: list[Attempt] = []
    left = list(failures)
    while True:
        step = next_attempt(BUNDLE, decision, attempts, request_id=parsed.request_id)
        if isinstance(step, Stop):
            return [attempt.model for attempt in attempts], step.reason
        attempts.append(Attempt(step.model, left.pop(0) if left else None))


kinds = st.sampled_from(sorted(OF_KIND))


@given(st.sampled_from(REQUESTS), st.lists(kinds, max_size=6), st.booleans())
def test_loop__any_request_and_failures__calls_what_the_engine_says(
    request: dict[str, object], failures: list[str], asynchronous: bool
) -> None:
    console, module = Console(), Module(failures)
    models = loop(console, module)
    ended = "succeeded"
    try:
        if asynchronous:
            loops.run(models.acomplete(request, messages=MESSAGES))
        else:
            models.complete(request, messages=MESSAGES)
    except Exception:
        ended = "raised"
    called, reason = by_the_engine(request, failures)
    assert [call["model"] for call in module.calls] == called
    assert ended == ("succeeded" if reason == "succeeded" else "raised")
    [event] = console.reported
    told = [
        (attempt["model"], attempt["failure_kind"])
        for attempt in event.get("attempts", ())  # type: ignore[attr-defined]
    ]
    kinds_made = [*failures[: len(called)], None][: len(called)]
    assert told == list(zip(called, kinds_made, strict=True))


@given(st.sampled_from(REQUESTS), st.lists(kinds, max_size=4), st.sampled_from([None, 0, 1, 2]))
def test_stream__any_failures__falls_back_only_before_its_first_chunk(
    request: dict[str, object], failures: list[str], breaks_after: int | None
) -> None:
    console, module = Console(), Streaming(failures, breaks_after)
    seen: list[Any] = []
    with suppress(Exception):
        for chunk in loop(console, module).stream(request, messages=MESSAGES):
            seen.append(chunk)
    assert len(seen) in (0, 3) or len(seen) == breaks_after
    [event] = console.reported
    made_kinds = [a["failure_kind"] for a in event.get("attempts", ())]  # type: ignore[attr-defined]
    assert ("stream_interrupted" in made_kinds) == (0 < len(seen) < 3)


REQUEST = REQUESTS[0]


def retried_after(kinds: Sequence[str]) -> tuple[dict[str, object], str, int]:
    """A request of the vectors, a failure after which it stays on its target, and the wait."""
    for request in REQUESTS:
        parsed = parse_request({**request, "request_id": "r-1"})
        decision = decide(BUNDLE, parsed)
        for kind in kinds:
            attempts = [Attempt(decision.model or "", kind)]
            step = next_attempt(BUNDLE, decision, attempts, request_id="r-1")
            if isinstance(step, NextAttempt) and step.wait_ms:
                return {**request, "request_id": "r-1"}, kind, step.wait_ms
    raise AssertionError("no request of the vectors is retried")


@pytest.fixture
def console() -> Console:
    return Console()


def test_outcome__as_reported__is_an_event_that_the_console_reads(console: Console) -> None:
    request, kind, _ = retried_after(["rate_limit", "overloaded", "quota_exhausted"])
    loop(console, Module([kind])).complete(request, messages=MESSAGES)
    event, problems = read_event(console.reported[0], datetime.datetime.now(datetime.UTC))
    assert problems == []
    assert event is not None
    assert (event.input_tokens, event.output_tokens) == (11, 7)
    assert event.cost_nusd == 250_000_000  # a refused attempt costs nothing


@pytest.mark.parametrize("cost", [0.0, None, float("nan"), -1.0])
def test_cost__that_litellm_does_not_know__is_null(console: Console, cost: float | None) -> None:
    loop(console, Module(cost=cost)).complete(REQUEST, messages=MESSAGES)
    assert console.reported[0]["attempts"][-1]["cost_usd"] is None  # type: ignore[index]


def test_attempts__each_of_them__are_counted_for_breaker_and_budget(console: Console) -> None:
    request, kind, _ = retried_after(sorted(OF_KIND))
    loop(console, Module([kind])).complete(request, messages=MESSAGES)
    assert console.told == [0, 1, 2]


def test_cost__of_an_attempt_that_may_be_billed__is_null(console: Console) -> None:
    loop(console, Module(["timeout"])).complete(REQUEST, messages=MESSAGES)
    assert console.reported[0]["attempts"][0]["cost_usd"] is None  # type: ignore[index]


def test_chain__that_ends_without_an_answer__raises_the_providers_own_exception(
    console: Console,
) -> None:
    mine = made("BadRequestError", "'messages' is too short.", status_code=400)
    with pytest.raises(type(mine), match="too short"):
        loop(console, Raising(mine)).complete(REQUEST, messages=MESSAGES)


def test_callers_mistake__in_a_call__is_raised_and_no_outcome(console: Console) -> None:
    with pytest.raises(ZeroDivisionError):
        loop(console, Raising(ZeroDivisionError())).complete(REQUEST, messages=MESSAGES)
    assert console.reported == []


def test_refused_request__calls_nothing_and_says_why(console: Console) -> None:
    refused = next(r for r in REQUESTS if decide(BUNDLE, parse_request(r)).model is None)
    module = Module()
    with pytest.raises(NoModelCalled, match="may serve this request"):
        loop(console, module).complete(refused, messages=MESSAGES)
    assert module.calls == []
    assert "model" not in console.reported[0]


def test_waits__that_the_release_asks_for__are_carried_out(console: Console) -> None:
    waits: list[float] = []
    request, kind, wait_ms = retried_after(sorted(OF_KIND))
    loop(console, Module([kind]), waits=waits).complete(request, messages=MESSAGES)
    assert waits == [0.0, wait_ms / 1000]


@pytest.mark.parametrize("name", ["model", "fallbacks", "num_retries", "max_retries", "stream"])
def test_parameter__that_the_release_decides__is_refused(console: Console, name: str) -> None:
    with pytest.raises(TypeError, match=name):
        loop(console, Module()).complete(REQUEST, messages=MESSAGES, **{name: 1})
    assert console.reported == []


def test_call__always__switches_litellms_own_retries_off(console: Console) -> None:
    module = Module()
    chosen = decide(BUNDLE, parse_request(REQUEST)).model or ""
    deployments = Deployments({chosen: {"model": "azure/prod", "api_base": "https://a.example"}})
    models = loop(console, module, deployments=deployments)
    answer = models.complete(REQUEST, messages=MESSAGES, metadata={"team": "a"})
    [call] = module.calls
    assert (call["num_retries"], call["max_retries"]) == (0, 0)
    assert (call["model"], call["api_base"]) == ("azure/prod", "https://a.example")
    assert call["metadata"]["team"] == "a"
    assert call["metadata"]["routing_release"] == BUNDLE.digest
    assert (answer.model, answer.attempts[0].model) == (chosen, chosen)


def test_stream__without_being_asked__keeps_the_token_counts_to_itself(console: Console) -> None:
    module = Streaming()
    reading = loop(console, module).stream(REQUEST, messages=MESSAGES)
    assert all(chunk.choices for chunk in reading)
    [event] = console.reported
    assert (event["input_tokens"], event["output_tokens"]) == (11, 7)
    assert module.calls[0]["stream_options"] == {"include_usage": True}


def test_tokens__that_the_provider_did_not_count__are_not_known(console: Console) -> None:
    """LiteLLM writes zeros then."""
    module = Module(usage={"prompt_tokens": 0, "completion_tokens": 0})
    loop(console, module).complete(REQUEST, messages=MESSAGES)
    assert not {"input_tokens", "output_tokens"} & console.reported[0].keys()


def test_stream__that_is_not_read_to_its_end__is_no_outcome(console: Console) -> None:
    reading = loop(console, Streaming()).stream(REQUEST, messages=MESSAGES)
    next(reading)
    reading.close()
    assert console.reported == []


def test_deployment__that_nobody_named__is_an_error_of_its_own(console: Console) -> None:
    models = loop(console, Module(), deployments=Deployments({"a": "b"}, strict=True))
    with pytest.raises(UnknownDeployment, match="there are a"):
        models.complete(REQUEST, messages=MESSAGES)


def test_deployments__of_a_model_list__are_found_in_both_directions() -> None:
    entries = [
        {"model_name": "big", "litellm_params": {"model": "azure/prod-4o", "api_base": "x"}},
        {"model_name": "big", "litellm_params": {"model": "openai/gpt-4o"}},
        {"model_name": "small", "litellm_params": {"model": "openai/gpt-4o-mini"}},
    ]
    found = Deployments.of_model_list(entries)
    assert found.parameters("big") == {"model": "azure/prod-4o", "api_base": "x"}
    assert [found.key_of(name) for name in ("azure/prod-4o", "gpt-4o-mini", "big", "other")] == [
        "big",
        "small",
        "big",
        "other",
    ]
    with pytest.raises(ValueError, match="/model_list/0"):
        Deployments.of_model_list([{"model_name": "big"}])
