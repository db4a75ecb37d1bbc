"""The loop: decide, call LiteLLM, after a failure do what the release says, report the outcome.

    models = LiteLLM(client, Deployments({"gpt-4o": "azure/prod-4o"}))
    answer = models.complete({"attributes": {"task": "faq"}}, messages=[…])
    answer.response, answer.model, answer.request_id

LiteLLM's own retries and fallbacks are off: what happens after a failure is the release's to say,
and each call made is an attempt in the outcome.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...engine import Attempt, NextAttempt, Request
from .chain import Chain, Decides
from .deployments import Deployments
from .streams import AsyncStream, Stream, price_of_stream

# Parameters with which LiteLLM would call again, or elsewhere, behind the release's back.
NOT_THE_CALLERS = ("fallbacks", "model", "num_retries", "max_retries", "model_list", "stream")
OFF = {"num_retries": 0, "max_retries": 0}
Asked = Request | Mapping[str, object]


@dataclass(frozen=True)
class Answer:
    """LiteLLM's response, the catalogue's key of the model that gave it, and how it came about."""

    response: Any
    model: str
    request_id: str
    attempts: tuple[Attempt, ...]


class LiteLLM:
    """Calls models as the release of a `PolicyClient` says; may be used from many threads.

    `module` stands for `litellm`, which is imported here and nowhere else. When the chain ends
    without an answer, the provider's last exception is raised, as LiteLLM raised it; NoModelCalled
    where the policy let nothing be called.
    """

    def __init__(
        self,
        client: Decides,
        deployments: Deployments,
        *,
        module: Any = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        asleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._deployments = deployments
        self._litellm = importlib.import_module("litellm") if module is None else module
        self._clock = clock
        self._sleep = sleep
        self._asleep = asleep

    def complete(self, request: Asked, **parameters: Any) -> Answer:
        """Decide, and call until there is an answer. `parameters` are those of completion()."""
        chain = self._chain(request, parameters)
        while isinstance(step := chain.next(), NextAttempt):
            self._sleep(step.wait_ms / 1000)
            called = self._parameters(chain, step, parameters)
            chain.begin_call()
            try:
                response = self._litellm.completion(**called)
            except Exception as error:
                chain.must_fail(step.model, error)
            else:
                return self._answered(chain, step, response)
        raise chain.stopped(step)

    async def acomplete(self, request: Asked, **parameters: Any) -> Answer:
        """The same in an event loop; waits and calls hold nobody up."""
        chain = self._chain(request, parameters)
        while isinstance(step := chain.next(), NextAttempt):
            await self._asleep(step.wait_ms / 1000)
            called = self._parameters(chain, step, parameters)
            chain.begin_call()
            try:
                response = await self._litellm.acompletion(**called)
            except Exception as error:
                chain.must_fail(step.model, error)
            else:
                return self._answered(chain, step, response)
        raise chain.stopped(step)

    def stream(self, request: Asked, **parameters: Any) -> Stream:
        """Chunks as they come. Until the first has come, a failure goes on to the next attempt."""
        chain = self._chain(request, parameters)

        def open_call(step: NextAttempt) -> Any:
            self._sleep(step.wait_ms / 1000)
            called = self._parameters(chain, step, _streamed(parameters))
            chain.begin_call()
            return self._litellm.completion(**called)

        return Stream(chain, open_call, self._price, asks_usage=_asks_usage(parameters))

    def astream(self, request: Asked, **parameters: Any) -> AsyncStream:
        """The same, to be read with `async for`."""
        chain = self._chain(request, parameters)

        async def open_call(step: NextAttempt) -> Any:
            await self._asleep(step.wait_ms / 1000)
            called = self._parameters(chain, step, _streamed(parameters))
            chain.begin_call()
            return await self._litellm.acompletion(**called)

        return AsyncStream(chain, open_call, self._price, asks_usage=_asks_usage(parameters))

    def _chain(self, request: Asked, parameters: Mapping[str, Any]) -> Chain:
        taken = [name for name in NOT_THE_CALLERS if name in parameters]
        if taken:
            raise TypeError(
                f"{', '.join(taken)}: the release says which model is called and what follows a "
                "failure; parameters of a deployment belong to Deployments, streams to stream()"
            )
        return Chain(self._client, request, clock=self._clock)

    def _parameters(
        self, chain: Chain, step: NextAttempt, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        metadata = {
            **(parameters.get("metadata") or {}),
            "routing_request_id": chain.request_id,
            "routing_class": chain.decided.decision.class_key,
            "routing_rule": chain.decided.decision.policy_rule,
            "routing_release": chain.decided.release.digest,
        }
        deployment = self._deployments.parameters(step.model)
        return {**parameters, **deployment, **OFF, "metadata": metadata}

    def _answered(self, chain: Chain, step: NextAttempt, response: Any) -> Answer:
        chain.answered(step.model, response)
        chain.finished()
        return Answer(response, step.model, chain.request_id, tuple(chain.attempts))

    def _price(self, model: str, response: Any) -> float | None:
        return price_of_stream(self._litellm, self._deployments.parameters(model), response)


def _asks_usage(parameters: Mapping[str, Any]) -> bool:
    return bool((parameters.get("stream_options") or {}).get("include_usage"))


def _streamed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Streamed, with the token counts that OpenAI's protocol sends only when asked."""
    options = {**(parameters.get("stream_options") or {}), "include_usage": True}
    return {**parameters, "stream": True, "stream_options": options}
