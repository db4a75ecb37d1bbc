"""What the moves cost: recorded where both models were asked, else reckoned from prices."""

from __future__ import annotations

import pytest

from evaluations.impact import Impact, Source, TrafficRequest, Use, measure
from policies.engine import Bundle, Request
from tests.evaluations.bundles import always, rule_bundle

SOURCE = Source("dataset", "sha256:x", "“made up”", 0)
CENT = 10_000_000  # in 10⁻⁹ US dollars


def recorded(number: int, cluster: str = "", **costs: int | None) -> TrafficRequest:
    calls = {model: Use(cost, 1000, 500) for model, cost in costs.items()}
    request = Request({}, request_id=f"r{number}", input_tokens=1000)
    return TrafficRequest(request, cluster or f"c{number}", calls)


def moved(requests: list[TrafficRequest], base: Bundle | None = None) -> Impact:
    return measure(base or always("dear"), always("cheap"), requests, SOURCE)


def test_cost__both_models_recorded__is_the_mean_difference_with_an_interval() -> None:
    impact = moved([recorded(n, dear=3 * CENT + n, cheap=CENT) for n in range(4)])
    assert impact.cost.basis == "recorded"
    assert impact.cost.mean_usd == pytest.approx(-0.02, abs=1e-8)
    assert impact.cost.low_usd is not None and impact.cost.high_usd is not None
    assert impact.cost.low_usd < -0.02 < impact.cost.high_usd + 1e-8
    assert impact.projected_cost_change == pytest.approx(-2 / 3, rel=1e-6)


def test_cost__requests_of_one_conversation__widen_the_interval() -> None:
    costs = [1, 1, 5, 5, 9, 9, 2, 2]
    apart = moved([recorded(n, dear=9 * CENT, cheap=c * CENT) for n, c in enumerate(costs)])
    together = moved(
        [recorded(n, f"c{n // 2}", dear=9 * CENT, cheap=c * CENT) for n, c in enumerate(costs)]
    )
    assert apart.cost.mean_usd == together.cost.mean_usd
    assert _width(together) > _width(apart)


def test_cost__new_model_never_recorded__is_estimated_on_both_sides_without_an_interval() -> None:
    impact = moved([recorded(1, dear=99 * CENT), recorded(2, dear=99 * CENT)])
    # Both models cost $1 per million tokens each way in the catalogue, whatever was recorded.
    assert impact.cost.basis == "estimated"
    assert impact.cost.mean_usd == 0
    assert impact.cost.low_usd is None


def test_cost__some_recorded_and_some_not__is_called_mixed() -> None:
    impact = moved([recorded(1, dear=3 * CENT, cheap=CENT), recorded(2, dear=3 * CENT)])
    assert impact.cost.basis == "mixed"


def test_cost__a_request_that_keeps_its_model__changes_by_nothing_even_if_unrecorded() -> None:
    base = rule_bundle("cheap", [({"x": True}, "dear")], attributes=[{"name": "x", "type": "flag"}])
    requests = [recorded(1), recorded(2)]
    impact = moved(requests, base)
    assert impact.total.model_changed == 0
    assert impact.cost.mean_usd == 0


def test_cost__a_first_release__has_a_level_and_no_change() -> None:
    impact = measure(
        None, always("cheap"), [recorded(1, cheap=CENT), recorded(2, cheap=CENT)], SOURCE
    )
    assert impact.rerouted_share == 1
    assert impact.cost.candidate_mean_usd == 0.01
    assert impact.projected_cost_change is None
    assert impact.total.cost_change_usd is None


def _width(impact: Impact) -> float:
    assert impact.cost.low_usd is not None and impact.cost.high_usd is not None
    return impact.cost.high_usd - impact.cost.low_usd
