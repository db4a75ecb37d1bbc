"""Prices by the size of the request and by the hour: as they hold, and as the map has them."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.pricing import Entry, read_price_map
from policies.pricing.rates import DAYS, Rates, Tier, Window
from policies.pricing.soundness import problems_of
from tests.policies.pricing.test_price_map import doubts, model, read

D = Decimal
NOON = datetime.datetime(2026, 3, 18, 12, tzinfo=datetime.UTC)  # a Wednesday
TIERED = Rates(D(1), D(4), (Tier(200_000, D(2), D(6)), Tier(500_000, D(3), D(9))))


@pytest.mark.parametrize(
    ("tokens", "prices"),
    [(0, (1, 4)), (200_000, (1, 4)), (200_001, (2, 6)), (500_000, (2, 6)), (500_001, (3, 9))],
)
def test_tier__above_its_bound__prices_the_whole_request(
    tokens: int, prices: tuple[int, int]
) -> None:
    assert TIERED.at(NOON, tokens) == tuple(map(D, prices))


def night(days: tuple[str, ...] = DAYS, zone: str = "UTC") -> Window:
    return Window(days, "16:30", "00:30", zone, D("0.5"), D(1))


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-03-18T16:29:59+00:00", False),
        ("2026-03-18T16:30:00+00:00", True),
        ("2026-03-19T00:29:59+00:00", True),
        ("2026-03-19T00:30:00+00:00", False),
        ("2026-03-19T03:00:00+00:00", False),
        ("2026-03-18T17:30:00+01:00", True),
    ],
)
def test_window__over_midnight__holds_from_its_start_to_its_end(moment: str, inside: bool) -> None:
    assert night().holds_at(datetime.datetime.fromisoformat(moment)) is inside


def test_window__of_a_weekday__runs_into_the_next_day_and_does_not_begin_there() -> None:
    friday = night(("fri",))
    assert friday.holds_at(datetime.datetime(2026, 3, 20, 20, tzinfo=datetime.UTC))
    assert friday.holds_at(datetime.datetime(2026, 3, 21, 0, 15, tzinfo=datetime.UTC))
    assert not friday.holds_at(datetime.datetime(2026, 3, 21, 20, tzinfo=datetime.UTC))
    assert not friday.holds_at(datetime.datetime(2026, 3, 20, 0, 15, tzinfo=datetime.UTC))


def test_window__with_a_zone__follows_its_clock_through_the_year() -> None:
    berlin = night(zone="Europe/Berlin")
    assert berlin.holds_at(datetime.datetime(2026, 1, 15, 15, 30, tzinfo=datetime.UTC))
    assert not berlin.holds_at(datetime.datetime(2026, 7, 15, 14, 29, tzinfo=datetime.UTC))
    assert berlin.holds_at(datetime.datetime(2026, 7, 15, 14, 30, tzinfo=datetime.UTC))


def test_window__holds__whatever_the_size() -> None:
    rates = Rates(
        D(1), D(4), TIERED.tiers, (night(), Window(DAYS, "16:00", "17:00", "UTC", D(9), D(9)))
    )
    late = NOON.replace(hour=16, minute=45)
    assert rates.at(late, 300_000) == (D("0.5"), D(1))
    assert rates.at(NOON, 300_000) == (D(2), D(6))


@given(
    st.datetimes(datetime.datetime(2026, 1, 1), datetime.datetime(2026, 12, 31)),
    st.times(),
    st.times(),
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]),
)
def test_window__and_the_rest_of_the_day__never_hold_at_once(
    naive: datetime.datetime, one: datetime.time, other: datetime.time, zone: str
) -> None:
    starts, ends = f"{one:%H:%M}", f"{other:%H:%M}"
    moment = naive.replace(tzinfo=ZoneInfo(zone))
    held = Window(DAYS, starts, ends, zone, D(1), D(1)).holds_at(moment)
    if starts == ends:
        assert held  # all day
    else:
        assert held is not Window(DAYS, ends, starts, zone, D(1), D(1)).holds_at(moment)


# --- Read from the map ------------------------------------------------------------------
def test_map__prices_above_so_many_tokens__are_tiers() -> None:
    entry = read(
        {
            "m": model(
                1.25e-6,
                1e-5,
                input_cost_per_token_above_200k_tokens=2.5e-6,
                output_cost_per_token_above_200k_tokens=1.5e-5,
                cache_read_input_token_cost_above_200k_tokens=2.5e-7,
                input_cost_per_token_above_200k_tokens_priority=9e-6,
                input_cost_per_token_above_512k_tokens=3e-6,
            )
        }
    )["m"]
    assert entry.tiers == (
        Tier(200_000, D("2.5"), D(15)),
        Tier(512_000, D(3), D(15)),
    )
    assert doubts({"m": model(1e-6, 2e-6, input_cost_per_token_above_200k_tokens=2e-6)}) == {}


TIERS = [
    {"range": [32_000, 128_000], "input_cost_per_token": 2e-6, "output_cost_per_token": 8e-6},
    {"range": [0, 32_000], "input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6},
    {"range": [128_000, 1_000_000], "input_cost_per_token": 5e-6},
]


@pytest.mark.parametrize("base", [(None, None), (1e-6, 4e-6)])
def test_map__list_of_tiers__is_read_with_or_without_a_price_beside_it(base: Any) -> None:
    entry = read({"m": model(*base, tiered_pricing=TIERS)})["m"]
    assert (entry.input_usd, entry.output_usd) == (D(1), D(4))
    assert entry.tiers == (Tier(32_000, D(2), D(8)), Tier(128_000, D(5), D(8)))


@pytest.mark.parametrize(
    ("tiers", "why"),
    [
        ([{"range": [32_000, 128_000], "input_cost_per_token": 1e-6}], "tiers that are not"),
        ([{"max_results_range": [0, 25]}], "tiers that are not"),
        ([TIERS[1], TIERS[1]], "tiers that are not"),
        ([{"range": [0, 1], "input_cost_per_token": 1e-6}], "no price per token"),
        ([TIERS[1], {"range": [9, 10], "input_cost_per_token": "1"}], "no number of dollars"),
        ("cheap", "tiers that are not"),
    ],
)
def test_map__tiers_that_cannot_be_read__skip_the_entry_with_the_reason(
    tiers: Any, why: str
) -> None:
    raw = {"good": model(1e-6, 2e-6), "odd": model(None, None, tiered_pricing=tiers)}
    found = read_price_map(json.dumps(raw).encode())
    ((reason, keys),) = found.skipped.items()
    assert (why in reason, keys) == (True, ("odd",))


def test_map__off_peak_hours__are_a_window_of_every_day() -> None:
    hours = {"hours_utc": "16:30-00:30", "input_cost_per_token": 1.35e-7}
    entry = read({"m": model(2.7e-7, 1.1e-6, off_peak_pricing=hours)})["m"]
    assert entry.windows == (Window(DAYS, "16:30", "00:30", "UTC", D("0.135"), D("1.1")),)
    assert Entry.from_json(json.loads(json.dumps(entry.to_json()))) == entry


@pytest.mark.parametrize(
    "hours", [{"hours_utc": "late"}, {"hours_utc": "25:00-01:00"}, "night", {"discount": 0.5}]
)
def test_map__hours_that_cannot_be_read__are_doubted(hours: Any) -> None:
    assert doubts({"m": model(1e-6, 2e-6, off_peak_pricing=hours)}) == {"m": {"hours"}}


@pytest.mark.parametrize(
    ("tiers", "windows", "pointers"),
    [
        ((Tier(5, D(1), D(1)), Tier(5, D(1), D(1))), (), ["/tiers/1/above_input_tokens"]),
        ((Tier(0, D(1), D(1)),), (), ["/tiers/0/above_input_tokens"]),
        ((), (night(("someday",)),), ["/windows/0/days"]),
        ((), (night(()),), ["/windows/0/days"]),
        ((), (night(zone="Mars/Base"),), ["/windows/0/zone"]),
        (
            (),
            (Window(DAYS, "24:00", "1:00", "UTC", D(1), D(1)),),
            ["/windows/0/starts", "/windows/0/ends"],
        ),
    ],
)
def test_prices__that_mean_nothing__are_pointed_at(
    tiers: tuple[Tier, ...], windows: tuple[Window, ...], pointers: list[str]
) -> None:
    assert [problem.pointer for problem in problems_of(tiers, windows)] == pointers
