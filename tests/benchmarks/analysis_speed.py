"""How long the analysis takes, beside trying every kind of request.

    python -m tests.benchmarks.analysis_speed [seeds]

Brute force is not run to its end on large bundles: the time of one request is measured on a
sample and multiplied by the number of requests that the conditions tell apart.
"""

import math
import random
import sys
import time
from collections.abc import Callable

from policies.engine import Bundle, Request, classify
from policies.engine.analysis import analyse
from policies.engine.analysis.rule_lists import space_of
from policies.engine.request import resolve
from tests.benchmarks.rule_makers import bundle, realistic_condition, wide_condition

SAMPLE = 300


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def brute_force_seconds(made: Bundle) -> tuple[float, float]:
    """(kinds of requests, estimated seconds of evaluating all rules on each of them)."""
    fields = [field for name, field in space_of(made).fields.items() if name != "class"]
    rng = random.Random(1)
    sample = [
        Request(attributes={field.name: rng.choice(field.atoms)[0] for field in fields})
        for _ in range(SAMPLE)
    ]
    kinds = math.prod(len(field.atoms) for field in fields)
    return kinds, seconds(lambda: _try(made, sample)) / SAMPLE * kinds


def _try(made: Bundle, requests: list[Request]) -> None:
    for request in requests:
        _try_one(made, request)


def _try_one(made: Bundle, request: Request) -> None:
    values = resolve(made.request_classification, request)
    key, _, _ = classify(made.request_classification, values)
    for class_rule in made.request_classification.rules:
        class_rule.when.holds(values)
    for rule in made.router_policy.rules:
        rule.when.holds({**values, "class": key})


def main(seeds: int) -> None:
    print("rules                  seconds  work      findings  requests  brute force  ratio")
    for seed in range(1, seeds + 1):
        for name, condition in (("realistic", realistic_condition), ("wide", wide_condition)):
            for size in (50, 100, 200):
                _tell(f"{name:9} {size:3} + {size:3}", bundle(size, seed, condition))
        wide = bundle(200, seed, wide_condition, in_policy=0)
        guarded = bundle(200, seed, wide_condition, in_policy=0, guarded=True)
        _tell("wide      200 +   0", wide)
        _tell("guarded   200 +   0", guarded)


def _tell(name: str, made: Bundle) -> None:
    took = min(seconds(lambda: analyse(made)) for _ in range(2))
    found = analyse(made)
    kinds, brute = brute_force_seconds(made)
    print(
        f"{name}    {took:7.3f}  {found.work:8}  "
        f"{len(found.findings):8}  {kinds:8.1e}  {brute:9.1e} s  {brute / took:.0e}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
