"""The hook of LiteLLM's proxy without the proxy: what it writes into a request, what it reports."""

from __future__ import annotations

import datetime
import sys
import threading
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from policies.client.litellm import proxy
from policies.client.litellm.proxy import (
    PolicyRefused,
    ProxyHook,
    fallbacks_of,
    hook_for,
    own_fallbacks_of,
    request_of,
)
from policies.client.litellm.proxy_outcomes import ProxyOutcomes
from policies.engine import decide, full_chain, parse_request
from tests.client.fake_console import FakeConsole
from tests.client.litellm.errors import made
from tests.client.litellm.test_loop import BUNDLE, REQUESTS, Console
from tests.services import loops
from tests.services.waiting import within

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
LATER = NOW + datetime.timedelta(seconds=40)  # longer than any test machine is busy
USAGE = {"prompt_tokens": 3, "completion_tokens": 4}
ANSWER = SimpleNamespace(usage=USAGE, _hidden_params={"response_cost": 0.0})


def sent(hook: ProxyHook, **data: Any) -> dict[str, Any]:
    """What the proxy goes on with after the hook."""
    asked = {"model": "auto", "messages": [{"role": "user", "content": "Hi"}], **data}
    call_type = asked.pop("call_type", "acompletion")
    return loops.run(hook.async_pre_call_hook(None, None, asked, call_type))


def called(data: dict[str, Any], group: str) -> dict[str, Any]:
    """What LiteLLM calls a deployment with."""
    return {**data, "metadata": {**data["metadata"], "model_group": group}}


def attempts_of(console: Console) -> list[tuple[str, str | None]]:
    """Of the one outcome that was reported."""
    [event] = console.reported
    attempts: Any = event["attempts"]
    return [(attempt["model"], attempt["failure_kind"]) for attempt in attempts]


def logged(data: dict[str, Any], group: str, **more: Any) -> dict[str, Any]:
    """What LiteLLM hands to its loggers."""
    metadata = {**data["metadata"], "model_group": group}
    return {"litellm_params": {"metadata": metadata}, "model": group, **more}


@pytest.mark.parametrize("request_", REQUESTS, ids=range(len(REQUESTS)))
def test_call__of_the_routed_model__goes_where_the_engine_says(request_: dict[str, Any]) -> None:
    hook = ProxyHook(Console())
    attributes = request_.get("attributes", {})
    data = {
        "metadata": {"attributes": attributes, "routing_request_id": "r-1"},
        "max_tokens": request_.get("max_output_tokens"),
    }
    asked: dict[str, Any] = {"model": "auto", "messages": [], **data}
    if request_.get("prompt") is not None:
        asked["messages"] = [{"role": "user", "content": request_["prompt"]}]
    wanted = decide(BUNDLE, request_of(asked))
    if wanted.model is None:
        with pytest.raises(PolicyRefused):
            sent(hook, **asked)
    else:
        got = sent(hook, **asked)
        assert (got["model"], got["num_retries"]) == (wanted.model, 0)
        assert got["metadata"]["routing_class"] == wanted.class_key
        assert got["metadata"]["attributes"] == attributes


def test_call__of_another_model__is_left_alone() -> None:
    console = Console()
    data = {"model": "gpt-4o", "messages": []}
    assert sent(ProxyHook(console), **data) == data


@pytest.mark.parametrize("call_type", ["aresponses", "anthropic_messages", "aembedding"])
def test_call__that_is_no_chat_completion__is_left_alone(call_type: str) -> None:
    """Their `metadata` goes to the provider."""
    data = {"model": "auto", "messages": [], "metadata": {"user": "u"}}
    assert sent(ProxyHook(Console()), **data, call_type=call_type) == data


@pytest.mark.parametrize("kind", ["context_window", "content_policy"])
def test_failure__that_litellm_has_a_list_for__leads_where_the_matrix_says(kind: str) -> None:
    console = Console()
    led_to: set[int] = set()
    for raw in REQUESTS:
        decided = console.decide(parse_request(raw))
        model, decision = decided.decision.model, decided.decision
        if model is None:
            continue
        models = [model, *fallbacks_of(decided, model)]
        found = own_fallbacks_of(decided, models, kind)
        assert found == [
            {name: list(full_chain(BUNDLE, decision.class_key, name, kind, decision.requirements))}
            for name in models
        ]
        led_to |= {len(found[0][model])}
    assert 0 in led_to


def test_call__of_the_routed_model__has_the_lists_that_litellm_knows() -> None:
    got = sent(ProxyHook(Console()))
    called = [got["model"], *got["fallbacks"]]
    for name in ("context_window_fallbacks", "content_policy_fallbacks"):
        assert [next(iter(entry)) for entry in got[name]] == called


def test_fallbacks__as_many_as_attempts_are_left_and_without_the_model_itself() -> None:
    console = Console()
    for raw in REQUESTS:
        decided = console.decide(parse_request(raw))
        if decided.decision.model:
            found = fallbacks_of(decided, decided.decision.model)
            assert len(found) == len(set(found)) < BUNDLE.fallback_matrix.limits.max_attempts
            assert decided.decision.model not in found


def test_log_events__of_one_request__become_one_outcome() -> None:
    console = Console()
    hook = ProxyHook(console)
    data = sent(hook)
    error = made("RateLimitError", status_code=429)

    async def log() -> None:
        sent_with = called(data, data["model"])
        await hook.async_pre_call_deployment_hook(sent_with, None)
        await hook.async_post_call_failure_deployment_hook(sent_with, error, None)
        await hook.async_log_success_event(logged(data, "us-small"), ANSWER, NOW, LATER)
        await hook.async_log_success_event(logged(data, "us-small"), ANSWER, NOW, LATER)

    loops.run(log())
    [event] = console.reported
    attempts: Any = event["attempts"]
    assert 0 <= attempts[0]["latency_ms"] < 40_000
    assert attempts == [
        {
            "model": data["model"],
            "failure_kind": "rate_limit",
            "latency_ms": attempts[0]["latency_ms"],
            "cost_usd": 0.0,
        },
        {"model": "us-small", "failure_kind": None, "latency_ms": 40_000, "cost_usd": None},
    ]
    assert (event["input_tokens"], event["output_tokens"]) == (3, 4)
    assert console.told == [1, 2]  # counted for breakers


def test_request__that_failed_for_good__is_told_with_attempts_that_were_logged_late() -> None:
    console = Console()
    outcomes = ProxyOutcomes(console, settles_after_s=0.05)
    decided = console.decide({**REQUESTS[0], "request_id": "r-1"})
    outcomes.begin(decided)
    outcomes.end_soon("r-1")
    outcomes.failed("r-1", "eu-big", made("Timeout"), 40)
    assert within(5, lambda: console.reported != [])
    [event] = console.reported
    assert [a["failure_kind"] for a in event["attempts"]] == ["timeout"]  # type: ignore[attr-defined]


def test_requests_that_failed_for_good__many_at_once__wait_in_one_thread() -> None:
    console = Console()
    outcomes = ProxyOutcomes(console, settles_after_s=0.2)
    before = threading.active_count()
    names = [f"r-{number}" for number in range(50)]
    for name in names:
        outcomes.begin(console.decide({**REQUESTS[0], "request_id": name}))
        outcomes.failed(name, "eu-big", made("Timeout"), 40)
        outcomes.end_soon(name)
    outcomes.end_soon("nobody's")
    assert threading.active_count() - before <= 1
    assert within(5, lambda: len(console.reported) == len(names))
    assert [event["request_id"] for event in console.reported] == names


@pytest.mark.parametrize("metadata", ["text", 7, ["a"], None, {"attributes": "text"}], ids=repr)
def test_call__with_metadata_that_is_no_object__is_decided_without(metadata: Any) -> None:
    got = sent(ProxyHook(Console()), metadata=metadata)
    assert got["model"] == decide(BUNDLE, request_of({"messages": got["messages"]})).model
    assert got["metadata"]["routing_release"]


def test_hook__for_litellm__has_the_method_in_its_own_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its proxy looks in `vars` of the class, and passes over what is inherited."""
    module = SimpleNamespace(CustomLogger=type("CustomLogger", (), {}))
    monkeypatch.setitem(sys.modules, "litellm.integrations.custom_logger", module)
    hook = hook_for(Console())
    assert isinstance(hook, module.CustomLogger)
    assert "async_pre_call_hook" in vars(type(hook))


def test_open_requests__beyond_the_most__are_told_as_they_stand() -> None:
    console = Console()
    outcomes = ProxyOutcomes(console, most_open=1)
    for number in (1, 2):
        outcomes.begin(console.decide({**REQUESTS[0], "request_id": f"r-{number}"}))
        outcomes.failed(f"r-{number}", "eu-big", made("Timeout"), 40)
    assert [event["request_id"] for event in console.reported] == ["r-1"]


def test_open_requests__of_an_hour_ago__are_told_as_they_stand() -> None:
    console, clock = Console(), SimpleNamespace(now=0.0)
    outcomes = ProxyOutcomes(console, clock=lambda: clock.now)
    for number in (1, 2, 3):
        outcomes.begin(console.decide({**REQUESTS[0], "request_id": f"r-{number}"}))
        outcomes.failed(f"r-{number}", "eu-big", made("Timeout"), 40)
        clock.now += 3000
    assert [event["request_id"] for event in console.reported] == ["r-1"]
    outcomes.answered("r-1", "us-small", ANSWER, 40)  # as if it had never been open
    assert len(console.reported) == 1


def test_open_requests__with_large_prompts__hold_none_of_them() -> None:
    hook = ProxyHook(Console())
    tracemalloc.start()
    try:
        for number in range(20):
            sent(hook, messages=[{"role": "user", "content": str(number) + "x" * 500_000}])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 5_000_000


async def _streamed(hook: ProxyHook, data: dict[str, Any], error: Exception) -> None:
    """The proxy's answer begins, then breaks."""
    await hook.async_post_call_response_headers_hook(data, user_api_key_dict=None, response=())
    await hook.async_post_call_failure_hook(data, error, user_api_key_dict=None)


def test_stream__that_broke__is_told_when_the_request_has_failed() -> None:
    console = Console()
    hook = ProxyHook(console)
    data = sent(hook, stream=True)

    async def log() -> None:
        await hook.async_pre_call_deployment_hook(called(data, data["model"]), None)
        await _streamed(hook, data, made("APIConnectionError"))

    loops.run(log())
    assert within(5, lambda: console.reported != [])
    assert attempts_of(console) == [(data["model"], "stream_interrupted")]
    assert console.told == [1]


def test_stream__that_broke_before_its_first_part__is_told_by_the_call_after_it() -> None:
    console = Console()
    hook = ProxyHook(console)
    data = sent(hook, stream=True)

    async def log() -> None:
        for model in (data["model"], "us-small"):
            await hook.async_pre_call_deployment_hook(called(data, model), None)
        await hook.async_log_success_event(logged(data, "us-small"), ANSWER, NOW, LATER)

    loops.run(log())
    assert attempts_of(console) == [(data["model"], "stream_interrupted"), ("us-small", None)]


@pytest.mark.parametrize(
    ("failed_before", "kind"), [([], "network"), (["eu-big"], "stream_interrupted")]
)
def test_stream__of_the_last_call_that_broke_at_once__is_of_the_errors_kind_if_it_is_its_own(
    failed_before: list[str], kind: str
) -> None:
    console = Console()
    hook = ProxyHook(console)
    data = sent(hook, stream=True)

    async def log() -> None:
        for model in [*failed_before, "us-small"]:
            await hook.async_pre_call_deployment_hook(called(data, model), None)
        await hook.async_post_call_failure_hook(data, made("APIConnectionError"))

    loops.run(log())
    assert within(5, lambda: console.reported != [])
    assert attempts_of(console)[-1] == ("us-small", kind)


def test_request__stopped_by_the_proxy_itself__tells_no_failure_of_a_model() -> None:
    console = Console()
    hook = ProxyHook(console)
    for stream in (True, False):
        data = sent(hook, stream=stream)

        async def log(data: dict[str, Any] = data) -> None:
            await hook.async_pre_call_deployment_hook(called(data, data["model"]), None)
            await hook.async_post_call_failure_hook(data, ValueError("a guard of the proxy"))
            await hook.async_log_success_event(logged(data, data["model"]), ANSWER, NOW, LATER)

        loops.run(log())
        assert attempts_of(console) == [(data["model"], None)]
        console.reported.clear()


def test_events__of_requests_that_nobody_decided__are_nobodys() -> None:
    console = Console()
    hook = ProxyHook(console)
    loops.run(hook.async_log_success_event({"model": "x"}, ANSWER, NOW, LATER))
    loops.run(hook.async_post_call_failure_hook({"model": "x", "stream": True}, made("Timeout")))
    assert console.reported == []


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """The hook's, without a token."""
    for name in ("TOKEN", "TOKEN_FILE", "INSTANCE_ID"):
        monkeypatch.delenv(f"ROUTING_CONSOLE_{name}", raising=False)
    monkeypatch.setenv("ROUTING_CONSOLE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ROUTING_CONSOLE_STATE_DIR", str(tmp_path / "state"))
    return monkeypatch


def test_hook__instance_id_in_the_environment__is_what_its_client_reports_under(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("ROUTING_CONSOLE_TOKEN", "rcr_")
    environment.setenv("ROUTING_CONSOLE_INSTANCE_ID", "proxy-0")
    assert proxy._client()._status.report()["instance_id"] == "proxy-0"


def test_hook__with_a_token_file__asks_with_the_token_that_is_in_it_now(
    environment: pytest.MonkeyPatch, console: FakeConsole, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    environment.setenv("ROUTING_CONSOLE_TOKEN_FILE", str(file))
    environment.setenv("ROUTING_CONSOLE_URL", console.url)
    file.write_text("rcr_first\n")
    client = proxy._client()
    console.token = "rcr_second"
    assert not client.poll_once()
    file.write_text("rcr_second\n")
    assert client.poll_once()


@pytest.mark.parametrize("given", [(), ("TOKEN", "TOKEN_FILE")], ids=["none", "both"])
def test_hook__without_one_way_to_a_token__says_which_there_are(
    environment: pytest.MonkeyPatch, given: tuple[str, ...]
) -> None:
    for name in given:
        environment.setenv(f"ROUTING_CONSOLE_{name}", "rcr_")
    with pytest.raises(ImportError, match="either ROUTING_CONSOLE_TOKEN_FILE or ROUTING_CON"):
        proxy._client()
