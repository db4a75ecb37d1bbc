"""Runs in the environment that has LiteLLM: reads a JSON line, does what it says, answers with one.

Imports of the repository only what a router has: `policies.client` and `policies.engine`.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from policies.client import PolicyClient
from policies.client.litellm import Deployments, LiteLLM, failure_kind, retry_after_ms

litellm: Any = importlib.import_module("litellm")
litellm.suppress_debug_info = True
litellm.telemetry = False
MESSAGES = [{"role": "user", "content": "Hello"}]
LOOP = asyncio.new_event_loop()
clients: dict[str, PolicyClient] = {}


def deployments(url: str, names: list[str]) -> Deployments:
    """Each name at the fake provider, under the name itself."""
    found = {name: {"model": f"openai/{name}", "api_base": url, "api_key": "k"} for name in names}
    return Deployments(found, strict=True)


def failure(url: str, stream: bool = False, asynchronous: bool = False) -> dict[str, Any]:
    """The failure kind of the exception that one call raises."""
    options = {
        **deployments(url, ["m"]).parameters("m"),
        "messages": MESSAGES,
        "timeout": 0.4,
        "max_retries": 0,
        "stream": stream,
    }
    try:
        if asynchronous:
            LOOP.run_until_complete(read_through(options))
        else:
            answer = litellm.completion(**options)
            for _ in answer if stream else ():
                pass
    except Exception as error:
        wish = retry_after_ms(error)
        return {"kind": failure_kind(error), "class": type(error).__name__, "wish": wish}
    return {"kind": "answered"}


async def read_through(options: dict[str, Any]) -> None:
    answer = await litellm.acompletion(**options)
    if options["stream"]:
        async for _ in answer:
            pass


def start(url: str, token: str, folder: str) -> bool:
    client = PolicyClient(url, token, folder, interval_s=0.2).start()
    clients["router"] = client
    return client.wait_ready(10)


def wait_for_release(number: int) -> int:
    """Waits up to ten seconds; the number that is held then."""
    client = clients["router"]
    for _ in range(200):
        if client.release is not None and client.release.number == number:
            break
        LOOP.run_until_complete(asyncio.sleep(0.05))
    return client.release.number if client.release else 0


def stop() -> bool:
    """Ends the client, if one runs, which sends the outcomes that wait."""
    client = clients.pop("router", None)
    if client is not None:
        client.close()
    return True


def requests(url: str, names: list[str], how: str, requests: list[dict[str, Any]]) -> list[Any]:
    """Each request by the loop; what was decided, what was said, what it came to."""
    models = LiteLLM(clients["router"], deployments(url, names))
    one = {"complete": complete, "acomplete": acomplete, "stream": stream, "astream": astream}[how]
    return [one(models, request) for request in requests]


Told = dict[str, Any]


def complete(models: LiteLLM, request: dict[str, Any]) -> Told:
    try:
        answer = models.complete(request, messages=MESSAGES, timeout=0.4)
    except Exception as error:
        return {"raised": type(error).__name__}
    return {"model": answer.model, "text": answer.response.choices[0].message.content}


def acomplete(models: LiteLLM, request: dict[str, Any]) -> Told:
    async def run() -> Told:
        try:
            answer = await models.acomplete(request, messages=MESSAGES, timeout=0.4)
        except Exception as error:
            return {"raised": type(error).__name__}
        return {"model": answer.model, "text": answer.response.choices[0].message.content}

    return LOOP.run_until_complete(run())


def stream(models: LiteLLM, request: dict[str, Any]) -> Told:
    reading, texts = models.stream(request, messages=MESSAGES, timeout=0.4), []
    try:
        for chunk in reading:
            texts.append(chunk.choices[0].delta.content or "")
    except Exception as error:
        return {"raised": type(error).__name__, "text": "".join(texts)}
    return {"model": reading.model, "text": "".join(texts)}


def astream(models: LiteLLM, request: dict[str, Any]) -> Told:
    async def run() -> Told:
        reading, texts = models.astream(request, messages=MESSAGES, timeout=0.4), []
        try:
            async for chunk in reading:
                texts.append(chunk.choices[0].delta.content or "")
        except Exception as error:
            return {"raised": type(error).__name__, "text": "".join(texts)}
        return {"model": reading.model, "text": "".join(texts)}

    return LOOP.run_until_complete(run())


def leave_early(url: str, names: list[str], request: dict[str, Any]) -> int:
    """Leaves a stream after its first chunk in each way there is; gives how many were left.

    What is dropped is not helped by a search for cycles, and nothing is dropped by returning.
    """
    models = LiteLLM(clients["router"], deployments(url, names))
    options: dict[str, Any] = {"messages": MESSAGES}
    closed = models.stream(request, **options)
    next(closed)

    async def leave() -> Any:
        aclosed = models.astream(request, **options)
        await anext(aclosed)
        await aclosed.aclose()
        async for _ in models.astream(request, **options):
            break
        await asyncio.sleep(0.2)  # the loop closes what was dropped
        return aclosed

    gc.disable()
    try:
        closed.close()
        for _ in models.stream(request, **options):
            break
        left = [closed, LOOP.run_until_complete(leave())]
        return 2 + len(left)
    finally:
        gc.enable()


def route(url: str, config: dict[str, Any], names: list[str]) -> list[str | None]:
    """What each name of a proxy's configuration is answered by, as LiteLLM's Router has it."""
    os.environ.update({"ACME_API_BASE": url, "ACME_API_KEY": "k"})
    os.environ.update({"BOREALIS_API_BASE": url, "BOREALIS_API_KEY": "k"})
    settings = config["router_settings"]
    router = litellm.Router(model_list=config["model_list"], **settings, timeout=2)

    async def ask() -> list[str | None]:
        found: list[str | None] = []
        for name in names:
            try:
                answer = await router.acompletion(model=name, messages=MESSAGES)
            except Exception:
                found.append(None)
            else:
                found.append(answer.model)
        return found

    return LOOP.run_until_complete(ask())


DO: dict[str, Callable[..., Any]] = {
    "failure": failure,
    "leave_early": leave_early,
    "requests": requests,
    "route": route,
    "start": start,
    "stop": stop,
    "wait_for_release": wait_for_release,
}


def main() -> None:
    # What LiteLLM prints must not stand between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            said: dict[str, Any] = {"result": DO[asked.pop("do")](**asked)}
        except Exception:
            said = {"error": traceback.format_exc()}
        answers.write(json.dumps(said) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
