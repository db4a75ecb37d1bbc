"""Which model an answer means that tells a snapshot or another name of it."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User

from evaluations.models import Grain, Outcome, OutcomeRollup
from evaluations.outcomes.names import undated
from evaluations.services.outcomes.ingestion import Receipt, ingest
from evaluations.services.outcomes.rollups import roll_up
from policies.models import CatalogueModel, Environment
from policies.services.catalogue import entries
from policies.services.catalogue.entries import ModelFacts
from tests.evaluations.outcome_cast import NOW, event

pytestmark = pytest.mark.django_db
DATED = "swift-small-2024-07-18"
OLD = datetime.date(2025, 1, 1)


@pytest.fixture
def small(staging: Environment) -> CatalogueModel:
    return CatalogueModel.objects.get(key="swift-small")


def told(served: str, **members: Any) -> dict[str, Any]:
    """An event of the model swift-small that tells no cost."""
    raw = event(served_model=served, input_tokens=1000, output_tokens=500, **members)
    del raw["cost_usd"]
    return raw


def take(environment: Environment, *events: dict[str, Any]) -> Receipt:
    return ingest(environment, list(events), now=NOW)


def give_alias(model: CatalogueModel, alias: str, owner: User) -> None:
    facts = ModelFacts(model.label, model.context_window, aliases=(alias,))
    entries.change_model(model, facts, acting_user=owner)


def test_snapshots__of_the_model_chosen__are_that_model_without_a_fallback(
    staging: Environment, small: CatalogueModel
) -> None:
    take(staging, *({**told(DATED), "request_id": f"r-{index}"} for index in range(50)))
    roll_up(staging.workflow)
    row = OutcomeRollup.objects.get(grain=Grain.HOUR)
    assert row.served_model == "swift-small"
    assert (row.requests, row.attempts, row.fallbacks, row.hops) == (50, 50, 0, 0)
    # 1000 tokens at $0.15 and 500 at $0.60 per million: 450,000 nano-dollars, 50 times.
    assert (row.cost_known, row.cost_nusd) == (50, 22_500_000)


def test_snapshot__of_the_model_of_the_last_attempt__is_no_contradiction(
    staging: Environment, small: CatalogueModel
) -> None:
    attempts = [
        {"model": "swift-small", "failure_kind": "timeout"},
        {"model": "swift-large"},
    ]
    assert take(staging, told("swift-large-2024-08-06", attempts=attempts)).rejected == ()
    assert Outcome.objects.get().served_model == "swift-large"


def test_snapshots__among_the_attempts__are_one_model_tried_twice(
    staging: Environment, small: CatalogueModel
) -> None:
    attempts = [{"model": "swift-small", "failure_kind": "timeout"}, {"model": DATED}]
    assert take(staging, told(DATED, attempts=attempts)).rejected == ()
    roll_up(staging.workflow)
    row = OutcomeRollup.objects.get(grain=Grain.HOUR)
    assert (row.attempts, row.fallbacks, row.served_model) == (2, 0, "swift-small")


def test_snapshot__of_another_model__is_a_fallback_to_that_model(
    staging: Environment, small: CatalogueModel
) -> None:
    take(staging, told("swift-large@20240806"))
    roll_up(staging.workflow)
    row = OutcomeRollup.objects.get(grain=Grain.HOUR)
    assert (row.served_model, row.fallbacks, row.attempts) == ("swift-large", 1, 2)


def test_alias__given_in_the_catalogue__means_its_model(
    staging: Environment, small: CatalogueModel, owner: User
) -> None:
    take(staging, told("sw/small:v1"))
    assert Outcome.objects.get().served_model == "sw/small:v1"
    give_alias(small, "sw/small:v1", owner)
    take(staging, {**told("sw/small:v1"), "request_id": "r-2"})
    assert Outcome.objects.get(request_id="r-2").served_model == "swift-small"
    assert Outcome.objects.get(request_id="r-2").cost_nusd == 450_000


def test_snapshot__that_is_a_model_of_its_own__is_tried_and_priced_as_itself(
    staging: Environment, small: CatalogueModel, owner: User
) -> None:
    price = entries.Price(OLD, Decimal(1), Decimal(2))
    entries.add_model(small.provider, DATED, ModelFacts("", 1000), price, acting_user=owner)
    attempts = [{"model": "swift-small", "failure_kind": "timeout"}, {"model": DATED}]
    take(staging, told(DATED, attempts=attempts))
    assert Outcome.objects.get().served_model == DATED


@pytest.mark.parametrize(
    ("told", "model"),
    [
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("claude-3-5-sonnet-20241022", "claude-3-5-sonnet"),
        ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet"),
        ("command-r-08-2024", "command-r"),
        ("gemini-2.5-pro-preview-05-06", "gemini-2.5-pro-preview"),
        ("gpt-4-0613", "gpt-4"),
        ("mistral-large-2407", "mistral-large"),
        ("gpt-4o", "gpt-4o"),
        ("gemini-1.5-pro-002", "gemini-1.5-pro-002"),
        ("phi-9999", "phi-9999"),
    ],
)
def test_name__with_a_date_at_its_end__is_read_without_it(told: str, model: str) -> None:
    assert undated(told) == model
