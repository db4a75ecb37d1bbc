"""Costs that the console works out: by the size of the request and the hour of its time."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from evaluations.models import Grain, Outcome, OutcomeRollup
from evaluations.services.outcomes.ingestion import ingest
from evaluations.services.outcomes.rollups import roll_up
from policies.models import CatalogueModel, Environment, ModelPrice
from policies.pricing.rates import DAYS, Tier, Window
from tests.evaluations.outcome_cast import NOW, event

pytestmark = pytest.mark.django_db
MIDNIGHT = NOW.replace(hour=0, minute=0)


@pytest.fixture
def priced(staging: Environment) -> CatalogueModel:
    """$1 in and $4 out; $2 and $6 above 200,000 tokens; half price from 02:00 to 05:00 UTC."""
    model = CatalogueModel.objects.get(key="swift-small")
    ModelPrice.objects.create(
        model=model,
        effective_from=(NOW - datetime.timedelta(days=7)).date(),
        input_usd_per_mtok=Decimal(1),
        output_usd_per_mtok=Decimal(4),
        tiers=[Tier(200_000, Decimal(2), Decimal(6)).to_json()],
        windows=[
            Window(DAYS, "02:00", "05:00", "UTC", Decimal("0.5"), Decimal(2)).to_json(),
        ],
    )
    return model


def cost_of(environment: Environment, tokens: int, at: datetime.datetime) -> int | None:
    raw = event(time=at.isoformat(), input_tokens=tokens, output_tokens=1000)
    del raw["cost_usd"]
    ingest(environment, [raw], now=NOW)
    return Outcome.objects.get().cost_nusd


@pytest.mark.parametrize(
    ("tokens", "hour", "nano_usd"),
    [
        (200_000, 12, 204_000_000),
        (300_000, 12, 606_000_000),
        (200_000, 3, 102_000_000),
        (300_000, 3, 152_000_000),
        (200_000, 5, 204_000_000),
    ],
)
def test_outcome__without_a_cost__is_priced_by_its_size_and_hour(
    staging: Environment, priced: CatalogueModel, tokens: int, hour: int, nano_usd: int
) -> None:
    assert cost_of(staging, tokens, MIDNIGHT + datetime.timedelta(hours=hour)) == nano_usd


def test_roll_up__of_such_outcomes__sums_the_price_of_the_event_not_of_today(
    staging: Environment, priced: CatalogueModel
) -> None:
    priced.prices.filter(tiers=[]).delete()
    ModelPrice.objects.create(
        model=priced,
        effective_from=NOW.date(),
        input_usd_per_mtok=Decimal(100),
        output_usd_per_mtok=Decimal(100),
    )
    cost_of(staging, 300_000, NOW - datetime.timedelta(days=1))
    roll_up(staging.workflow)
    row = OutcomeRollup.objects.get(grain=Grain.DAY)
    assert row.cost_nusd == 606_000_000
