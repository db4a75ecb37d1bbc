"""Whether all who decide agree with the engine, on as many requests as are asked.

    python -m tests.benchmarks.agreement [requests] [first bundle]

Random bundles, seeded by their numbers, get 500 requests each, so that a long run can be made in
parts. The engine, the compiled form and JavaScript decide every request and take it one step down
its chain, with random attempts, breakers and budget; as many events of breakers and budgets are
counted. As many requests again are carried out to their end by the client, the sidecar and the loop
around LiteLLM, which count breakers and budgets themselves (`routers.py`). The golden vectors are
the suite's (`tests/engine/test_vectors.py`, `tests/engine/test_javascript.py`).
"""

from __future__ import annotations

import argparse
import sys
import time
from random import Random
from typing import Any

from policies.engine import compile_bundle, decide, parse_bundle, parse_request
from tests.benchmarks.agreement.answers import (
    decision_as_json,
    runtimes_as_json,
    step_as_json,
)
from tests.benchmarks.agreement.javascript import NODE, Decider, running_decider
from tests.benchmarks.agreement.making import (
    random_attempts,
    random_bundle,
    random_events,
    random_request,
    random_runtime,
)
from tests.benchmarks.agreement.routers import ROUTERS, differing, random_fates

REQUESTS_A_BUNDLE = 500
EVENTS_A_RUN = 100
TOLD_EVERY = 50_000

Told = dict[str, int]


def compare(seed: int, requests: int, javascript: Decider | None) -> Told:
    """How many answers of one random bundle differ from the reference, and how many were asked."""
    rng = Random(seed)
    raw = random_bundle(rng)
    bundle = parse_bundle(raw)
    compiled = compile_bundle(bundle)
    told = dict.fromkeys(("requests", "compiled", "decisions", "chains", "events", "counts"), 0)
    asked: list[dict[str, Any]] = [{"do": "load", "bundle": raw, "plain": True}]
    expected: list[tuple[str, Any]] = [("decisions", True)]
    for _ in range(requests):
        one, attempts, runtime = random_request(rng), random_attempts(rng), random_runtime(rng)
        request = parse_request(one)
        decision = decide(bundle, request)
        told["requests"] += 1
        told["compiled"] += compiled.decide(request) != decision
        step = step_as_json(bundle, decision, attempts, request.request_id, runtime)
        asked.append({"do": "decide", "request": one})
        expected.append(("decisions", decision_as_json(decision)))
        asked.append({"do": "chain", "request": one, "attempts": attempts, "runtime": runtime})
        expected.append(("chains", step))
    for _ in range(max(1, requests // EVENTS_A_RUN)):
        events = random_events(rng, EVENTS_A_RUN)
        told["events"] += EVENTS_A_RUN
        asked.append({"do": "count", **events})
        expected.append(("counts", runtimes_as_json(events)))
    if javascript is not None:
        for (what, wanted), answer in zip(expected, javascript.ask_all(asked), strict=True):
            told[what] += answer != wanted
    return told


def compare_routers(seed: int, requests: int) -> Told:
    """How many requests each router carried out in another way than the engine."""
    rng = Random(seed)
    return differing(parse_bundle(random_bundle(rng)), random_fates(rng, requests))


def main(requests: int, first: int = 0) -> int:
    if NODE is None:
        print("Node is not installed.")
        return 2
    began = time.perf_counter()
    totals: Told = {}
    with running_decider() as javascript:
        for seed in range(first, first - (-requests // REQUESTS_A_BUNDLE)):
            told = compare(seed, REQUESTS_A_BUNDLE, javascript)
            for what, count in (told | compare_routers(seed, REQUESTS_A_BUNDLE)).items():
                totals[what] = totals.get(what, 0) + count
            if totals["requests"] % TOLD_EVERY == 0:
                print(f"… {totals}", file=sys.stderr, flush=True)
    asked = f"{totals['requests']:,} requests"
    print(f"compiled form, decisions of {asked}: {totals['compiled']} differ")
    print(f"JavaScript, decisions of {asked}: {totals['decisions']} differ")
    print(f"JavaScript, next attempts of {asked}: {totals['chains']} differ")
    print(f"JavaScript, runtimes after {totals['events']:,} events: {totals['counts']} runs differ")
    for name in ROUTERS:
        print(f"{name}, decisions, chains and runtimes of {asked}: {totals[name]} differ")
    print(f"{time.perf_counter() - began:.0f} s")
    compared = ("compiled", "decisions", "chains", "counts", *ROUTERS)
    return int(any(totals[what] for what in compared))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("requests", type=int, nargs="?", default=20_000, help="how many requests")
    parser.add_argument("first", type=int, nargs="?", default=0, help="number of the first bundle")
    given = parser.parse_args()
    sys.exit(main(given.requests, given.first))
