"""How long a decision takes: the compiled form beside the reference, on the same parsed requests.

    python -m tests.benchmarks.decide_speed [seeds]

Each request is timed by itself, the best of several rounds; the table gives the median and the 95th
percentile over requests. Bundles are as teams write them (`rule_makers`), half of the rules in the
classification and half in the policy. On a busy machine the ratio is what counts.
"""

import argparse
import time
from collections.abc import Callable
from random import Random
from statistics import median, quantiles

from policies.engine import Bundle, Decision, Request, compile_bundle, decide, parse_request
from tests.benchmarks.rule_makers import CATEGORIES, FLAGS, NUMBERS, bundle

REQUESTS = 300
ROUNDS = 15
TIMES = 20


def parsed_requests(seed: int) -> list[Request]:
    """Requests with an id, sizes, and most of twelve attributes."""
    rng = Random(seed)
    made = []
    for number in range(REQUESTS):
        given: dict[str, object] = {}
        for name, size in CATEGORIES.items():
            given[name] = f"{name}-{rng.randrange(size)}"
        for name, bounds in NUMBERS.items():
            given[name] = rng.choice(bounds) * rng.choice((0.5, 1, 2))
        for flag in FLAGS:
            given[flag] = rng.random() < 0.5
        kept = {name: value for name, value in given.items() if rng.random() < 0.9}
        sizes = {"input_tokens": rng.randrange(20_000), "max_output_tokens": 1000}
        made.append(parse_request({"attributes": kept, "request_id": f"r-{number}", **sizes}))
    return made


def best_us(work: Callable[[Request], Decision], request: Request) -> float:
    """Microseconds of one call, in the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(TIMES):
            work(request)
        best = min(best, time.perf_counter() - began)
    return best / TIMES * 1e6


def tell(name: str, made: Bundle, requests: list[Request]) -> None:
    began = time.perf_counter()
    compiled = compile_bundle(made)
    took = (time.perf_counter() - began) * 1e3
    assert all(compiled.decide(request) == decide(made, request) for request in requests)
    fast = [best_us(compiled.decide, request) for request in requests]
    slow = [best_us(lambda request: decide(made, request), request) for request in requests]
    high = [quantiles(times, n=20)[-1] for times in (fast, slow)]
    print(
        f"{name:16} {median(fast):9.2f} {high[0]:7.2f} {median(slow):11.2f} {high[1]:7.2f} "
        f"{median(slow) / median(fast):7.1f} {took:12.1f}",
        flush=True,
    )


def main(seeds: int) -> None:
    print("rules            compiled     p95   reference     p95   ratio  compile, ms")
    for seed in range(1, seeds + 1):
        requests = parsed_requests(seed)
        for rules in (10, 100, 500):
            tell(f"{rules:3} + {rules:3}", bundle(rules, seed), requests)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="?", default=1, help="how many sets of bundles")
    main(parser.parse_args().seeds)
