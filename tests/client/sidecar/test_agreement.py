"""The sidecar decides what the engine decides, asked in the words of HTTP or of OpenFeature."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

from policies.engine import Attempt, Bundle, decide, next_attempt, parse_request
from tests.client.sidecar.conftest import Running

REQUESTS = 150
# Most succeed, so that no breaker opens: each answer then follows from the attempts alone.
KINDS = (*(None,) * 6, "timeout", "rate_limit", "context_window", "bad_request")


def made_request(rng: random.Random, number: int) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    if rng.random() < 0.8:
        attributes["task"] = rng.choice(["answer", "code", "unheard of", True, 7])
    if rng.random() < 0.5:
        attributes["prompt_tokens"] = rng.choice([0, 12.5, 1e6, "many"])
    request: dict[str, Any] = {"request_id": f"r-{number}", "attributes": attributes}
    if rng.random() < 0.5:
        request["input_tokens"] = rng.choice([1, 50_000, 200_000])
    return request


def test_sidecar__random_requests__decides_and_goes_on_as_the_engine_does(
    sidecar: Running,
) -> None:
    release = sidecar.client.release
    assert release is not None
    bundle: Bundle = release.bundle
    rng = random.Random(8)
    for number in range(REQUESTS):
        request = made_request(rng, number)
        expected = decide(bundle, parse_request(request))
        answer = sidecar.post("/v1/decide", request).json
        told = (answer["class"], answer["policy_rule"], answer["model"], answer["bucket"])
        assert told == (
            expected.class_key,
            expected.policy_rule,
            expected.model,
            expected.bucket,
        )
        context = {
            **request["attributes"],
            "targetingKey": request["request_id"],
            **({"input_tokens": request["input_tokens"]} if "input_tokens" in request else {}),
        }
        flag = sidecar.post("/ofrep/v1/evaluate/flags/model", {"context": context}).json
        assert flag["value"] == answer["next"]["model"] == expected.model
        attempt = {"model": flag["value"], "failure_kind": rng.choice(KINDS), "latency_ms": 40}
        asked = {"request_id": request["request_id"], "attempts": [attempt]}
        step = sidecar.post("/v1/next-attempt", asked).json["next"]
        # Whether the retry budget allowed one shows in the answer.
        runtime = dataclasses.replace(
            sidecar.client.runtime(), retry_allowed=step.get("model") == attempt["model"]
        )
        by_engine = next_attempt(
            bundle,
            expected,
            [Attempt(**attempt)],
            request_id=request["request_id"],
            runtime=runtime,
        )
        assert {"do": step["do"], **dataclasses.asdict(by_engine)} == step
