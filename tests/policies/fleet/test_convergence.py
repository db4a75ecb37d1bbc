"""How a release spread: quantiles by order statistics, a curve that rises, and words."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.fleet.convergence import MOST_POINTS, arrival_at_share, convergence
from policies.fleet.drawing import drawn
from policies.fleet.wording import Spread, clock_words, delay_words

NOW = datetime.datetime(2026, 3, 2, 18, tzinfo=datetime.UTC)
AT_TWO = NOW.replace(hour=14, minute=2)


def test_convergence__of_a_hundred__has_its_order_statistics() -> None:
    found = convergence([float(second) for second in range(100, 0, -1)], 0)
    assert (found.p50_s, found.p99_s, found.last_s) == (50, 99, 100)
    assert (found.arrived, found.waiting) == (100, 100)


def test_convergence__while_one_of_ten_is_missing__has_no_p99() -> None:
    found = convergence([1.0] * 9, 1)
    assert (found.p50_s, found.p99_s, found.last_s) == (1, None, 1)
    assert found.curve[-1].share == 0.9


def test_convergence__where_nobody_waited__says_nothing() -> None:
    found = convergence([], 0)
    assert (found.arrived, found.p50_s, found.curve, drawn(found)) == (0, None, (), None)


@given(st.lists(st.floats(0, 1e7), max_size=300), st.integers(0, 50))
def test_curve__of_any_fleet__only_rises_and_ends_where_it_stands(
    delays: list[float], missing: int
) -> None:
    found = convergence(delays, missing)
    assert len(found.curve) <= MOST_POINTS + 1
    for before, after in zip(found.curve, found.curve[1:], strict=False):
        assert before.seconds <= after.seconds and before.share < after.share
    if delays:
        assert found.curve[-1].seconds == max(delays)
        assert found.curve[-1].share == len(delays) / (len(delays) + missing)
        assert drawn(found) is not None
    if not missing and delays:
        assert found.p99_s is not None and found.p99_s <= max(delays)


@pytest.mark.parametrize(("share", "rank"), [(0.01, 0), (0.5, 4), (0.51, 5), (1.0, 9)])
def test_arrival_at_share__of_ten__is_the_arrival_that_completes_it(
    share: float, rank: int
) -> None:
    moments = [NOW + datetime.timedelta(seconds=second) for second in range(10)]
    assert arrival_at_share(moments[::-1], 10, share) == moments[rank]


def test_arrival_at_share__before_enough_arrived__is_none() -> None:
    assert arrival_at_share([NOW], 10, 0.5) is None


@pytest.mark.parametrize(
    ("have", "routers", "told", "tokens", "sentence"),
    [
        (23, 24, 0, 0, "23 of 24 routers have it, the last one since 14:02."),
        (1, 2, 0, 0, "1 of 2 routers has it, the last one since 14:02."),
        (24, 24, 0, 0, "All 24 routers have it, the last one since 14:02."),
        (1, 1, 0, 0, "Its one router has it, since 14:02."),
        (0, 3, 0, 0, "None of 3 routers has it yet."),
        (0, 1, 0, 0, "None of 1 router has it yet."),
        (9_999, 10_000, 0, 0, "9,999 of 10,000 routers have it, the last one since 14:02."),
        (0, 0, 0, 0, "No router has a token for this environment yet."),
        (0, 0, 0, 2, "No router has asked for it yet."),
        (
            *(0, 0, 1, 2),
            "Fetched with 1 of 2 router tokens; the routers behind them report no status.",
        ),
        (
            *(2, 2, 1, 3),
            "All 2 routers have it, the last one since 14:02; of routers that report no status, "
            "1 of 3 tokens fetched it.",
        ),
    ],
)
def test_spread__of_any_fleet__is_told_in_one_true_sentence(
    have: int, routers: int, told: int, tokens: int, sentence: str
) -> None:
    last = AT_TWO if have else None
    assert Spread(have, routers, last, told, tokens, NOW).sentence == sentence


def test_spread__with_silent_routers__tells_them_apart() -> None:
    spread = Spread(1, 4, AT_TWO, 1, 3, NOW, 2, AT_TWO.replace(hour=3, minute=54))
    assert spread.sentence == (
        "1 of 4 routers has it, the last one since 14:02; 2 not heard since 03:54; of routers that "
        "report no status, 1 of 3 tokens fetched it."
    )


@pytest.mark.parametrize(
    ("told", "tokens", "sentence"),
    [
        (
            *(2, 2),
            "Fetched with 2 of 2 router tokens; the routers behind them report no status; "
            "1 token revoked or expired within a day did not fetch it.",
        ),
        (
            *(0, 0),
            "No router has a token for this environment any more; "
            "1 token revoked or expired within a day did not fetch it.",
        ),
    ],
)
def test_spread__of_routers_that_only_fetch__names_tokens_that_ended_before_they_had_it(
    told: int, tokens: int, sentence: str
) -> None:
    assert Spread(0, 0, None, told, tokens, NOW, tokens_ended=1).sentence == sentence


def test_clock__of_another_day_or_year__says_so() -> None:
    assert clock_words(AT_TWO - datetime.timedelta(days=1), NOW) == "1 Mar 14:02"
    assert clock_words(AT_TWO.replace(year=2025), NOW) == "2 Mar 2025 14:02"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "not yet"), (0.04, "0.0 s"), (0.4, "0.4 s"), (12, "12 s"), (180, "3 min")],
)
def test_delay__is_told_in_the_unit_of_its_size(seconds: float | None, words: str) -> None:
    assert delay_words(seconds) == words
