"""Models that cost more where the request is longer: read, priced, kept out where too dear."""

from __future__ import annotations

from typing import Any

import pytest

from policies.engine import (
    DocumentError,
    decide,
    digest,
    parse_bundle,
    parse_catalogue,
    parse_request,
)
from tests.evaluations.bundles import always

TIERS = [
    {"above_input_tokens": 200_000, "input_usd_per_mtok": 2, "output_usd_per_mtok": 15},
    {"above_input_tokens": 500_000, "input_usd_per_mtok": 3, "output_usd_per_mtok": 15},
]


def priced(**more: Any) -> dict[str, Any]:
    return {
        "providers": {"acme": {}},
        "models": {
            "long": {
                "provider": "acme",
                "input_usd_per_mtok": 1,
                "output_usd_per_mtok": 10,
                **more,
            }
        },
    }


@pytest.mark.parametrize(
    ("tokens", "cost"),
    [(200_000, 0.21), (200_001, 0.415002), (300_000, 0.615), (500_001, 1.515003)],
)
def test_cost__of_a_long_request__is_by_its_tier(tokens: int, cost: float) -> None:
    long = parse_catalogue(priced(price_tiers=TIERS)).models["long"]
    assert long.estimated_cost_usd(tokens, 1000) == pytest.approx(cost, rel=1e-12)


def test_tiers__of_a_model_without_a_price__leave_short_requests_unpriced() -> None:
    long = parse_catalogue(priced(input_usd_per_mtok=None, price_tiers=TIERS)).models["long"]
    assert long.estimated_cost_usd(1000, 1000) is None


def test_catalogue__without_tiers__is_written_as_it_was_before_there_were_any() -> None:
    plain = parse_catalogue(priced()).to_json()
    assert "price_tiers" not in plain["models"]["long"]  # type: ignore[index]
    assert parse_catalogue(priced(price_tiers=[])).to_json() == plain


def test_catalogue__with_tiers__comes_back_the_same_and_has_another_digest() -> None:
    tiered = parse_catalogue(priced(price_tiers=TIERS))
    assert parse_catalogue(tiered.to_json()) == tiered
    assert digest(tiered.to_json()) != digest(parse_catalogue(priced()).to_json())


@pytest.mark.parametrize(
    ("tiers", "pointer"),
    [
        ([TIERS[1], TIERS[0]], "/1/above_input_tokens"),
        ([TIERS[0], TIERS[0]], "/1/above_input_tokens"),
        ([{**TIERS[0], "above_input_tokens": 0}], "/0/above_input_tokens"),
        ([{**TIERS[0], "input_usd_per_mtok": -1}], "/0/input_usd_per_mtok"),
        ([{"above_input_tokens": 5, "input_usd_per_mtok": 1}], "/0/output_usd_per_mtok"),
        ([{**TIERS[0], "colour": 1}], "/0/colour"),
        (5, ""),
    ],
)
def test_tiers__that_mean_nothing__are_pointed_at(tiers: Any, pointer: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_catalogue(priced(price_tiers=tiers))
    places = [problem.pointer for problem in caught.value.problems]
    assert places == [f"/models/long/price_tiers{pointer}"]


@pytest.mark.parametrize(("tokens", "chosen"), [(200_000, "long"), (200_001, None)])
def test_route__with_a_cost_limit__keeps_out_what_is_too_dear_at_this_size(
    tokens: int, chosen: str | None
) -> None:
    """At $1 per million the input costs 20 cents, above the bound it costs 40."""
    whole = always("long").to_json()
    route = {
        "select": "ordered",
        "candidates": [{"model": "long"}],
        "constraints": {"max_cost_usd": 0.25},
    }
    policy = {"schema": 1, "rules": [], "default": route}
    tiered = priced(price_tiers=TIERS)
    bundle = parse_bundle({**whole, "router_policy": policy, "catalogue": tiered})
    request = parse_request({"input_tokens": tokens, "max_output_tokens": 1000})
    assert decide(bundle, request).model == chosen
