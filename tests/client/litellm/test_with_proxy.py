"""LiteLLM's proxy itself, offline: our hook in it decides, and its outcomes arrive.

The provider is a server of the test that fails on order, the console the real one, and the proxy a
process of its own, started by LiteLLM's command with a configuration file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from policies.client.litellm.proxy import KINDS
from policies.engine import decide, full_chain, parse_bundle, parse_request
from policies.models import CatalogueModel, Environment, Release
from policies.services.catalogue.entries import ModelFacts
from policies.services.routers.tokens import issue_router_token
from policies.services.rules.catalogue import change_model
from tests.client.litellm.fake_provider import FakeProvider
from tests.client.litellm.proxy_process import Proxy, running_proxy
from tests.client.litellm.test_with_litellm import NAMES, by_the_engine, documents_of_failures, kept
from tests.policies.steps import published
from tests.services.live_console import LiveConsole
from tests.services.waiting import within

pytestmark = pytest.mark.slow


def asked(number: int) -> dict[str, Any]:
    task = "code" if number % 3 == 0 else "answer"
    return {"attributes": {"task": task}, "request_id": f"r-{number}"}


def ask(proxy: Proxy, request: dict[str, Any], **more: Any) -> tuple[int, bytes]:
    metadata = {"attributes": request["attributes"], "routing_request_id": request["request_id"]}
    return proxy.complete(model="auto", metadata=metadata, **more)


def targets(release: Release, request: dict[str, Any]) -> list[str]:
    """The model that the release says, and after it those of the matrix, as the hook lists them."""
    bundle = parse_bundle(release.bundle.content)
    decision = decide(bundle, parse_request(request))
    assert decision.model
    found = [decision.model]
    for kind in KINDS:
        chain = full_chain(bundle, decision.class_key, decision.model, kind, decision.requirements)
        found += [model for model in chain if model not in found]
    return found


Attempts = list[tuple[str, str | None]]
BREAKS = "stream_interrupted"


# What the first, second and third target of a request are ordered to do, and what that is told as.
STREAMS: tuple[tuple[tuple[str, str | None], ...], ...] = (
    (("breaks", BREAKS),),
    (("errs", BREAKS),),
    (("stalls", BREAKS),),
    (("breaks_at_once", BREAKS), ("answers", None)),
    (("overloaded", "overloaded"), ("breaks", BREAKS)),
    (("breaks_at_once", BREAKS), ("breaks_at_once", BREAKS), ("server_error", "server_error")),
)


def streams_that_break(
    proxy: Proxy, provider: FakeProvider, release: Release
) -> dict[str, Attempts]:
    """What is to arrive of streams that break in each way."""
    expected: dict[str, Attempts] = {}
    for number, steps in enumerate(STREAMS):
        provider.forget()
        request = {**asked(1), "request_id": f"stream-{number}"}
        attempts: Attempts = []
        for model, (order, kind) in zip(targets(release, request), steps, strict=False):
            provider.order(model, order)
            attempts.append((model, kind))
        said = ask(proxy, request, stream=True)[1]
        assert provider.called == [model for model, _ in attempts], said
        assert (b'"error"' in said) == (attempts[-1][1] is not None), said
        expected[request["request_id"]] = attempts
    return expected


def requests_too_long(
    proxy: Proxy, provider: FakeProvider, release: Release
) -> dict[str, Attempts]:
    """What is to arrive of them: what the matrix says, of which one class stops at once."""
    expected: dict[str, Attempts] = {}
    for number in (0, 1):  # each class
        provider.forget()
        request = {**asked(number), "request_id": f"long-{number}"}
        first = targets(release, request)[0]
        provider.order(first, "context_window")
        attempts: Attempts = by_the_engine(release, request, {first: ["context_window"]})
        status, said = ask(proxy, request)
        assert provider.called == [model for model, _ in attempts], said
        assert status == (200 if attempts[-1][1] is None else 400), said
        expected[request["request_id"]] = attempts
    assert {len(attempts) for attempts in expected.values()} == {1, 2}
    return expected


def after_a_wrong_key(proxy: Proxy, provider: FakeProvider, release: Release) -> Attempts:
    """What is to arrive of the request "key-0", whose key is wrong: it goes on, though the matrix
    has no row for that, and its deployment is asked again by the next request.
    """
    first, second, *_ = targets(release, asked(0))
    provider.forget()
    provider.order(first, "auth")
    for number in range(2):
        status, said = ask(proxy, {**asked(0), "request_id": f"key-{number}"})
        assert status == 200, said
    assert provider.called == [first, second, first]
    return [(first, "auth"), (second, None)]


def asked_elsewhere(proxy: Proxy, provider: FakeProvider) -> None:
    """What is no chat completion is not routed: "auto" is a model that the proxy does not know."""
    provider.forget()
    for path in ("/v1/responses", "/v1/messages"):
        body = {"input": "Hello", "max_tokens": 9, "metadata": {"attributes": {}}}
        status, said = proxy.post(path, model="auto", **body)
        assert 400 <= status < 500, said
    assert provider.called == []


@pytest.mark.django_db(transaction=True)
def test_proxy__with_our_hook__goes_where_the_release_says_and_reports_what_came_of_it(
    live_console: LiveConsole,
    staging: Environment,
    author: User,
    owner: User,
    operator: User,
    provider: FakeProvider,
    tmp_path: Path,
) -> None:
    larger = ModelFacts("Orchid", 1_000_000, regions=("eu", "us"), capabilities=("tools",))
    change_model(CatalogueModel.objects.get(key="orchid"), larger, acting_user=owner)
    release = published(staging, author, [owner], owner, documents_of_failures(50))
    _, token = issue_router_token(staging, "proxy", acting_user=operator)
    (tmp_path / "token").write_text(token)
    router = {
        "ROUTING_CONSOLE_URL": live_console.url,
        "ROUTING_CONSOLE_TOKEN_FILE": str(tmp_path / "token"),
        "ROUTING_CONSOLE_STATE_DIR": str(tmp_path / "state"),
    }
    expected: dict[str, Attempts] = {}
    with running_proxy(tmp_path, provider.url, NAMES, router) as proxy:
        for number in range(12):
            request = asked(number)
            chain = targets(release, request)
            # None, the first, the first two, … of the chain fail; at last all of it.
            failing = chain[: number % (len(chain) + 1)]
            provider.forget()
            for model in failing:
                provider.order(model, "server_error")
            status, said = ask(proxy, request)
            attempts = [(model, "server_error") for model in failing]
            answers = chain[len(failing) : len(failing) + 1]
            assert provider.called == [*failing, *answers], (said, chain)
            assert status == (200 if answers else 500), said
            expected[request["request_id"]] = [*attempts, *((model, None) for model in answers)]
        assert {len(attempts) for attempts in expected.values()} > {1, 2}
        expected |= streams_that_break(proxy, provider, release)
        expected |= requests_too_long(proxy, provider, release)
        expected["key-0"] = after_a_wrong_key(proxy, provider, release)
        asked_elsewhere(proxy, provider)
        provider.forget()
        first = targets(release, asked(1))[0]
        status, said = proxy.complete(model=first)
        assert (status, provider.called) == (200, [first]), said  # not ours to route
        status, said = proxy.complete(model="auto", metadata="no object")
        assert status < 500, said
        assert len(provider.called) == 1 + (status == 200)
        within(20, lambda: kept().items() >= expected.items())
        found = kept()
        assert {name: found.get(name) for name in expected} == expected
