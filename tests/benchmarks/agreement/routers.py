"""What router teams run, over one release: the client, its sidecar, and its loop around LiteLLM.

Each carries out the same requests with the same fate of their attempts, as the same time passes, so
that breakers open and budgets run out on the way. All that it decided, every step of every chain
and the runtime after each request stand beside those of `by_the_engine`, which has nothing in
common with them but the engine's definitions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import Any, cast

from policies.client import PolicyClient
from policies.client.decided import Decided
from policies.client.litellm import Deployments, LiteLLM
from policies.client.sidecar.answers import Answers
from policies.client.sidecar.figures import Figures
from policies.client.sidecar.http import Asked
from policies.engine import (
    Attempt,
    Bundle,
    Counts,
    NextAttempt,
    Stop,
    decide,
    next_attempt,
    parse_request,
)
from tests.benchmarks.agreement.answers import Raw, decision_as_json, runtime_told, step_told
from tests.benchmarks.agreement.making import random_request
from tests.client.held_client import HeldClient
from tests.client.litellm.errors import OF_KIND

# In eighths of a second, so that clocks add up without rounding. Mostly none, so that retry budgets
# run out.
PAUSES_S = (*(0,) * 50, 0.125, 0.25, 1, 16)
LATENCIES_S = (*(0,) * 100, 0.125, 0.5, 20)
KINDS = (*(None,) * 8, *("timeout", "server_error") * 4, *OF_KIND)
# No matrix of `random_bundle` allows more attempts.
MOST_ATTEMPTS = 8


@dataclass(frozen=True)
class Fate:
    """A request, how long nothing happens before it, and what comes of each of its attempts: a
    failure kind, None where it succeeds, and seconds.
    """

    request: Raw
    pause_s: float
    attempts: tuple[tuple[str | None, float], ...]


@dataclass
class Clock:
    """Seconds that pass when something happens."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


# For each request: its decision, the steps of its chain, and the runtime after it.
Carried = Iterator[tuple[Raw, list[Raw], Raw]]
Router = Callable[[Bundle, Sequence[Fate]], Carried]


def random_fates(rng: Random, count: int) -> list[Fate]:
    """Requests with ids of their own, by which splits deal them out."""
    return [
        Fate(
            {**random_request(rng), "request_id": f"r-{number}-{rng.getrandbits(40)}"},
            rng.choice(PAUSES_S),
            tuple((rng.choice(KINDS), rng.choice(LATENCIES_S)) for _ in range(MOST_ATTEMPTS)),
        )
        for number in range(count)
    ]


def by_the_engine(bundle: Bundle, fates: Sequence[Fate]) -> Carried:
    """Its definitions, in the order in which `Counts` says they are to be used."""
    clock, counts = Clock(), Counts(bundle.fallback_matrix.limits)
    for fate in fates:
        clock.now_s += fate.pause_s
        request = parse_request(fate.request)
        decision = decide(bundle, request)
        counts.request(_ms(clock))
        attempts: list[Attempt] = []
        steps: list[Raw] = []
        while True:
            step = next_attempt(
                bundle,
                decision,
                attempts,
                request_id=request.request_id,
                runtime=counts.runtime(_ms(clock)),
            )
            steps.append(step_told(step))
            if isinstance(step, Stop):
                break
            again = bool(attempts) and attempts[-1].model == step.model
            counts.begin(_ms(clock), step.model, retry=again)
            attempts.append(_made(step.model, fate, len(attempts), clock))
            counts.end(_ms(clock), step.model, attempts[-1].failure_kind)
        yield decision_as_json(decision), steps, runtime_told(counts.runtime(_ms(clock)))


def by_the_client(bundle: Bundle, fates: Sequence[Fate]) -> Carried:
    """`decide`, and `next_attempt` after every attempt."""
    clock = Clock()
    client = HeldClient(bundle, clock)
    for fate in fates:
        clock.now_s += fate.pause_s
        decided = client.decide(fate.request)
        attempts: list[Attempt] = []
        steps: list[Raw] = []
        while isinstance(step := client.next_attempt(decided, attempts), NextAttempt):
            steps.append(step_told(step))
            attempts.append(_made(step.model, fate, len(attempts), clock))
        steps.append(step_told(step))
        yield decision_as_json(decided.decision), steps, runtime_told(client.runtime())


def by_the_sidecar(bundle: Bundle, fates: Sequence[Fate]) -> Carried:
    """Its answers to the bodies of POST requests."""
    clock = Clock()
    client = cast(PolicyClient, HeldClient(bundle, clock))
    handles = {route.path: route.handle for route in Answers(client, Figures(client)).routes}

    def post(path: str, sent: Raw) -> Raw:
        answer = handles[path](Asked("POST", path, {}, json.dumps(sent).encode()))
        read: Raw = json.loads(answer.body)
        assert answer.status == 200, read
        return read

    for fate in fates:
        clock.now_s += fate.pause_s
        answer = post("/v1/decide", fate.request)
        attempts: list[Raw] = []
        steps: list[Raw] = [answer["next"]]
        while steps[-1]["do"] == "call":
            made = _made(steps[-1]["model"], fate, len(attempts), clock)
            attempts.append(
                {
                    "model": made.model,
                    "failure_kind": made.failure_kind,
                    "latency_ms": made.latency_ms,
                }
            )
            asked = {"request_id": fate.request["request_id"], "attempts": attempts}
            steps.append(post("/v1/next-attempt", asked)["next"])
        yield (
            _decision_of(answer),
            [_plain(step) for step in steps],
            runtime_told(client.runtime()),
        )


def by_litellm(bundle: Bundle, fates: Sequence[Fate]) -> Carried:
    """`LiteLLM.complete`, around a module that fails as it is fated to."""
    clock = Clock()
    client = _Watched(bundle, clock)
    module = _Module(clock)
    models = LiteLLM(client, Deployments({}), module=module, clock=clock, sleep=lambda _: None)
    for fate in fates:
        clock.now_s += fate.pause_s
        client.steps, module.fate, module.made = [], fate, 0
        with suppress(Exception):  # the provider's last one, after a chain without an answer
            models.complete(fate.request)
        assert client.latest is not None
        yield (
            decision_as_json(client.latest.decision),
            client.steps,
            runtime_told(client.runtime()),
        )


ROUTERS: dict[str, Router] = {
    "client": by_the_client,
    "sidecar": by_the_sidecar,
    "LiteLLM": by_litellm,
}


def differing(bundle: Bundle, fates: Sequence[Fate]) -> dict[str, int]:
    """How many requests each router carried out in another way than the engine."""
    expected = list(by_the_engine(bundle, fates))
    return {
        name: _unequal(expected, carry_out(bundle, fates)) for name, carry_out in ROUTERS.items()
    }


def _unequal(expected: Iterable[Any], carried: Iterable[Any]) -> int:
    return sum(one != other for one, other in zip(expected, carried, strict=True))


class _Watched(HeldClient):
    """Keeps the latest decision and the steps of its chain."""

    latest: Decided | None = None

    def __init__(self, bundle: Bundle, monotonic: Callable[[], float]) -> None:
        super().__init__(bundle, monotonic)
        self.steps: list[Raw] = []

    def decide(self, request: Any) -> Decided:
        self.latest = super().decide(request)
        return self.latest

    def next_attempt(self, decided: Decided, attempts: Sequence[Attempt]) -> NextAttempt | Stop:
        step = super().next_attempt(decided, attempts)
        self.steps.append(step_told(step))
        return step

    def report(self, event: object) -> bool:
        return True


class _Module:
    """In LiteLLM's place."""

    fate: Fate
    made = 0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def completion(self, **parameters: Any) -> Any:
        attempt = _made(parameters["model"], self.fate, self.made, self._clock)
        self.made += 1
        if attempt.failure_kind is not None:
            raise OF_KIND[attempt.failure_kind]()
        return SimpleNamespace(usage={}, _hidden_params={})


def _made(model: str, fate: Fate, number: int, clock: Clock) -> Attempt:
    """An attempt, whose time passes."""
    kind, seconds = fate.attempts[number]
    clock.now_s += seconds
    return Attempt(model, kind, seconds * 1000)


def _ms(clock: Clock) -> int:
    return int(clock.now_s * 1000)


def _plain(step: Raw) -> Raw:
    """A step as the sidecar tells it."""
    if step["do"] == "call":
        return {"model": step["model"], "wait_ms": step["wait_ms"]}
    return {"stop": step["reason"]}


def _decision_of(answer: Raw) -> Raw:
    """A decision as the sidecar tells it."""
    about = ("request_id", "release", "next", "ignored", "class")
    told = {name: value for name, value in answer.items() if name not in about}
    excluded = [{name: out[name] for name in ("model", "reason")} for out in answer["excluded"]]
    return {**told, "class_key": answer["class"], "excluded": excluded}
