"""Sums of a minute draw the same scorecard as the events they stand for: the client's own, taken in
by the console's own services.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluations.api.scorecard import as_json
from evaluations.metrics.sums import COUNT_NAMES
from evaluations.models import Grain, Outcome, OutcomeRollup, OutcomeSummary
from evaluations.services.outcomes.ingestion import ingest, take_feedback
from evaluations.services.outcomes.rollups import mark, roll_up
from evaluations.services.scorecard.scorecard import Filters, scorecard
from policies.client import Summaries
from policies.client.reporting import Reporter
from policies.client.spool import Spool
from policies.client.summaries import Summer
from policies.models import CatalogueModel, Environment, ModelPrice
from policies.pricing.rates import DAYS, Tier, Window
from tests.evaluations.outcome_cast import HOUR, NOW, stream

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
STEP = 128_000
COLUMNS = (
    "grain", "start", "class_key", "model", "served_model", "release_digest",
    *(name for name in COUNT_NAMES if name != "in_sums"), "latency_bins", "labelled",
)  # fmt: skip


class Console:
    """Takes what a client sends, as the endpoint does."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.rejected: list[object] = []

    def post_outcomes(self, events: Sequence[str]) -> Mapping[str, object]:
        receipt = ingest(self.environment, [json.loads(text) for text in events], now=NOW)
        self.rejected += receipt.rejected
        return {"accepted": receipt.accepted, "duplicates": receipt.duplicates}


def report(
    environment: Environment, events: Iterable[dict[str, Any]], summaries: Summaries | None
) -> Console:
    """What a router does with its outcomes."""
    console = Console(environment)
    clock = [0.0]
    summer = None
    if summaries is not None:
        summer = Summer(summaries, lambda: (STEP,), lambda: clock[0])
    reporter = Reporter(console, Spool(None), lambda sentence: None, summer)
    for told in events:
        # The thread is left out: its transaction would be another.
        clock[0] = datetime.datetime.fromisoformat(told["time"]).timestamp()
        reporter._keep_sums()
        lines = summer.add(json.dumps(told)) if summer else [json.dumps(told)]
        reporter._keep(lines)
    reporter.close()
    return console


def rows(environment: Environment) -> list[tuple[Any, ...]]:
    roll_up(environment.workflow)
    found = OutcomeRollup.objects.filter(environment=environment).order_by(*COLUMNS[:6])
    return list(found.values_list(*COLUMNS))


def figures(environment: Environment) -> dict[str, Any]:
    """All of the scorecard but for whose it is and how it was told."""
    found = as_json(scorecard(environment, Filters(), now=NOW))
    assert found.pop("requests_in_sums") in (0, found["requests"])
    return {name: value for name, value in found.items() if name != "environment"}


@pytest.fixture
def priced(staging: Environment, production: Environment) -> None:
    """Aliases, tiers and hours: what the console makes of names and tokens, and a client cannot."""
    model = CatalogueModel.objects.get(key="swift-small")
    model.aliases = ["swift"]
    model.save()
    ModelPrice.objects.create(
        model=model,
        effective_from=(NOW - datetime.timedelta(days=7)).date(),
        input_usd_per_mtok=Decimal("0.125"),
        output_usd_per_mtok=Decimal("4.5"),
        tiers=[Tier(STEP, Decimal(2), Decimal(6)).to_json()],
        windows=[Window(DAYS, "12:20", "12:50", "UTC", Decimal("0.05"), Decimal(2)).to_json()],
    )


NAMES = st.sampled_from(["swift-small", "swift-large", "orchid", "swift", "swift-small-2026-01-31"])
AMOUNTS = st.one_of(st.none(), st.floats(0, 1, allow_subnormal=False))
TOKENS = st.one_of(
    st.none(), st.integers(0, 2000), st.integers(STEP - 1, STEP + 1), st.integers(0, 10**6)
)


@st.composite
def outcome(draw: st.DrawFn) -> dict[str, Any]:
    told: dict[str, Any] = {
        "time": (NOW - draw(st.floats(0, 2.5)) * HOUR).isoformat(),
        "class": draw(st.sampled_from(["simple", "complex", None])),
        "labelled_class": draw(st.sampled_from([None, "simple", "complex"])),
        "latency_ms": draw(st.one_of(st.none(), st.floats(0, 90_000))),
        "cost_usd": draw(AMOUNTS),
        "quality": draw(AMOUNTS),
        "input_tokens": draw(TOKENS),
        "output_tokens": draw(TOKENS),
    }
    kind = draw(st.sampled_from(["refused", "plain", "told", "nobody", "attempts"]))
    if kind != "refused":
        told["model"] = draw(NAMES)
    if kind == "told":
        told["served_model"] = draw(NAMES)
    if kind == "nobody":
        told["served_model"] = None
    if kind == "attempts":
        failed: list[dict[str, Any]] = [
            {"model": draw(NAMES), "failure_kind": "timeout", "latency_ms": 10, "cost_usd": 0.1}
            for _ in range(draw(st.integers(0, 2)))
        ]
        last: list[dict[str, Any]] = [{"model": draw(NAMES), "latency_ms": draw(AMOUNTS)}]
        if len(failed) > 0 and draw(st.booleans()):
            last = []
        elif draw(st.booleans()):
            told["served_model"] = draw(NAMES)  # often not the last one's: refused, either way
        told["attempts"] = [*failed, *last]
    return {
        name: value for name, value in told.items() if value is not None or name == "served_model"
    }


@given(events=st.lists(outcome(), max_size=40), sample=st.sampled_from([0.0, 0.3, 1.0]))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_sums__of_any_events__draw_the_scorecard_that_the_events_do(
    priced: None,
    staging: Environment,
    production: Environment,
    events: list[dict[str, Any]],
    sample: float,
) -> None:
    for model in (Outcome, OutcomeSummary, OutcomeRollup):
        model.objects.all().delete()
    named = [{"request_id": f"r-{number}", **told} for number, told in enumerate(events)]
    one_by_one = report(staging, named, None)
    summed = report(production, named, Summaries(sample))
    assert rows(staging) == rows(production)
    assert figures(staging) == figures(production)
    kept = Outcome.objects.filter(environment=production)
    if sample in (0.0, 1.0):
        assert kept.count() == sample * Outcome.objects.filter(environment=staging).count()
        assert bool(one_by_one.rejected) == bool(summed.rejected)
    assert not kept.filter(in_sums=False).exists()


def test_sums__of_a_long_stream__give_the_same_bytes_and_so_does_a_rebuild(
    staging: Environment, production: Environment
) -> None:
    events = list(stream(3000, NOW - 30 * HOUR, NOW))
    report(staging, events, None)
    report(production, events, Summaries(0.05))
    before = rows(production)
    assert rows(staging) == before
    assert OutcomeSummary.objects.count() < len(events)
    assert 90 < Outcome.objects.filter(environment=production).count() < 210
    hours = OutcomeRollup.objects.filter(grain=Grain.HOUR).values_list("start", flat=True)
    mark(production, Grain.HOUR, set(hours), NOW)
    assert rows(production) == before


def test_sums__price_with_a_tenth_of_a_nano_dollar__are_off_by_less_than_rounding_each_request(
    staging: Environment, production: Environment
) -> None:
    price = Decimal("0.0375")  # 37.5 nano-dollars a token: each request of odd size is rounded
    ModelPrice.objects.create(
        model=CatalogueModel.objects.get(key="swift-small"),
        effective_from=(NOW - datetime.timedelta(days=7)).date(),
        input_usd_per_mtok=price,
        output_usd_per_mtok=price,
    )
    events = [
        {
            "request_id": f"r-{number}",
            "time": NOW.isoformat(),
            "model": "swift-small",
            "input_tokens": number,
            "output_tokens": 0,
        }
        for number in range(1, 1000, 2)
    ]
    report(staging, events, None)
    report(production, events, Summaries())
    roll_up(staging.workflow)
    costs = OutcomeRollup.objects.filter(grain=Grain.DAY).values_list("cost_nusd", flat=True)
    each, summed = costs.get(environment=staging), costs.get(environment=production)
    assert summed == 250_000 * 375 // 10
    assert abs(each - summed) <= len(events) / 2


def test_sums__tier_that_the_release_does_not_know__cost_is_unknown_rather_than_guessed(
    priced: None, staging: Environment
) -> None:
    ModelPrice.objects.update(tiers=[Tier(1000, Decimal(2), Decimal(6)).to_json()], windows=[])
    events = [
        {
            "request_id": f"r-{size}",
            "time": NOW.isoformat(),
            "model": "swift-small",
            "input_tokens": size,
            "output_tokens": 1,
        }
        for size in (900, 1100)
    ]
    report(staging, events, Summaries())
    summary = OutcomeSummary.objects.get()
    assert (summary.requests, summary.cost_known, summary.input_tokens) == (2, 0, 2000)


def test_feedback__on_a_sampled_request__counts_where_the_sums_had_nothing(
    staging: Environment,
) -> None:
    events: list[dict[str, Any]] = [
        {"request_id": "silent", "time": NOW.isoformat(), "class": "simple", "model": "orchid"},
        {
            "request_id": "told",
            "time": NOW.isoformat(),
            "class": "simple",
            "model": "orchid",
            "quality": 1.0,
            "labelled_class": "simple",
        },
    ]
    report(staging, events, Summaries(sample=1.0))
    feedback: list[object] = [
        {"request_id": name, "quality": 0.25, "labelled_class": "complex"}
        for name in ("silent", "told", "never-sampled")
    ]
    receipt = take_feedback(staging, feedback, now=NOW)
    assert (receipt.accepted, [found.index for found in receipt.rejected]) == (2, [2])
    take_feedback(staging, [{"request_id": "silent", "quality": 0.5}], now=NOW)
    roll_up(staging.workflow)
    day = OutcomeRollup.objects.filter(grain=Grain.DAY)
    assert sum(row.requests for row in day) == sum(row.in_sums for row in day) == 2
    assert sum(row.quality_known for row in day) == 2
    assert sum(row.quality_nano for row in day) == 1_500_000_000
    labels = [entry for row in day for entry in row.labelled]
    assert labels == [["complex", 1, 0], ["simple", 1, 0]]
    assert Outcome.objects.get(request_id="told").quality_nano == 250_000_000
