"""Client, sidecar and the loop around LiteLLM carry requests out as the engine's definitions do."""

from __future__ import annotations

from random import Random

import pytest

from policies.client.limits import Limiter
from policies.engine import Bundle, parse_bundle
from tests.benchmarks.agreement.making import random_bundle
from tests.benchmarks.agreement.routers import ROUTERS, Fate, by_the_engine, differing, random_fates

SAME = dict.fromkeys(ROUTERS, 0)


def of_seed(seed: int, requests: int = 100) -> tuple[Bundle, list[Fate]]:
    rng = Random(seed)
    return parse_bundle(random_bundle(rng)), random_fates(rng, requests)


@pytest.mark.parametrize("seed", range(20))
def test_routers__random_requests_until_breakers_open__do_as_the_engine_does(seed: int) -> None:
    assert differing(*of_seed(seed)) == SAME


def test_random_requests__are_such_that_breakers_open_and_budgets_run_out() -> None:
    runtimes = [runtime for seed in range(20) for _, _, runtime in by_the_engine(*of_seed(seed))]
    assert sum(bool(runtime["open_breakers"]) for runtime in runtimes) > 100
    assert sum(not runtime["retry_allowed"] for runtime in runtimes) > 20


def test_router__whose_time_stands_still__differs(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the comparison can fail, for each router."""
    monkeypatch.setattr(Limiter, "_now", lambda self: 0)
    assert all(sum(differing(*of_seed(seed))[name] for seed in range(5)) for name in ROUTERS)
