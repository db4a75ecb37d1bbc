"""How often a scorecard calls noise a trend, and what it still sees: `python -m` this module.

Each history is made-up traffic of a period and of the one before it, put through the board that
the page shows. In a null history both are alike but for chance, so every "better" or "worse" on
its board is false. The table is in docs/trends.md.
"""

from __future__ import annotations

import argparse
import datetime
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from evaluations.metrics import histogram
from evaluations.metrics.board import Board
from evaluations.metrics.definitions import DEFINITIONS
from evaluations.metrics.measures import Context
from evaluations.metrics.periods import DAY, PERIODS, Window, window_of
from evaluations.metrics.sums import NANO, Buckets, Counts, Sums
from evaluations.metrics.trend import FAMILY_ERROR
from evaluations.statistics.days import CARRIED, WEEK, Change, dependence, paired_error
from evaluations.statistics.multiplicity import holm
from policies.engine.outcomes.bins import bin_of

NOW = datetime.datetime(2026, 3, 4, 12, tzinfo=datetime.UTC)
CONTEXT = Context(ranks={"simple": 0, "complex": 2})
MEASURED = tuple(name for name, metric in DEFINITIONS.items() if metric.layer != "change")
# What varies by day: each has a wobble of its own.
ASPECTS = ("volume", "quality", "errors", "fallbacks", "latency", "cost", "labels")


@dataclass(frozen=True, slots=True)
class Nature:
    """How days differ: the logarithm of each aspect wobbles with this standard deviation, and
    neighbouring days correlate by `hold`. At weekends there are `weekend` as many requests, which
    are harder and dearer.
    """

    name: str
    wobble: float = 0.0
    hold: float = 0.0
    weekend: float = 0.4


NATURES = (
    Nature("requests vary, days do not"),
    Nature("independent days, sd 0.2", wobble=0.2),
    Nature("days correlate by 0.7, sd 0.2", wobble=0.2, hold=0.7),
)


def days_of(nature: Nature, count: int, dice: random.Random) -> list[dict[str, float]]:
    """The factor of each aspect on each of so many days, by first-order autoregression."""
    fresh = nature.wobble * math.sqrt(1 - nature.hold**2)
    logs = {aspect: dice.gauss(0, nature.wobble) for aspect in ASPECTS}
    found = []
    for _ in range(count):
        found.append({aspect: math.exp(value) for aspect, value in logs.items()})
        logs = {aspect: nature.hold * was + dice.gauss(0, fresh) for aspect, was in logs.items()}
    return found


def requests_of(count: int, factor: dict[str, float], dice: random.Random) -> Sums:
    """The sums of so many made-up requests of a day with these factors."""
    sums, found = Sums(), dice.random
    errors = sum(found() < 0.01 * factor["errors"] for _ in range(count))
    fallbacks = sum(found() < 0.05 * factor["fallbacks"] for _ in range(count))
    bad = 0.15 * factor["quality"]
    adequate = sum(found() >= bad for _ in range(count))
    quality = adequate * 900_000_000 + (count - adequate) * 200_000_000
    costs = [dice.lognormvariate(0, 1) * factor["cost"] for _ in range(count)]
    for _ in range(count):
        latency = 800_000 * factor["latency"] * dice.lognormvariate(0, 0.5)
        histogram.add(sums.latency, ((bin_of(round(latency)), 1),))
    _label(sums, count, factor["labels"], dice)
    sums.counts = Counts(
        requests=count,
        errors=errors,
        attempts=count + fallbacks,
        fallbacks=fallbacks,
        hops=fallbacks,
        quality_known=count,
        quality_nano=quality,
        adequate=adequate,
        cost_known=count,
        cost_nusd=round(sum(costs) * NANO / 1000),
        latency_known=count,
    )
    return sums


def _label(sums: Sums, count: int, factor: float, dice: random.Random) -> None:
    for _ in range(count):
        if dice.random() < 0.3:
            wrong = dice.random() < 0.1 * factor
            label = dice.choice(("simple", "complex"))
            other = "complex" if label == "simple" else "simple"
            entry = sums.confusion.setdefault((other if wrong else label, label), [0, 0])
            entry[0] += 1


def board_of(
    period: str,
    nature: Nature,
    dice: random.Random,
    requests_a_day: int,
    effect: dict[str, float] | None = None,
) -> Board:
    """A board over made-up traffic; `effect` multiplies aspects from the period's start on."""
    window = window_of(period, NOW)
    gap = window.start - window.preceding.start
    factors = days_of(nature, (window.end - window.preceding.start) // DAY, dice)
    for factor in factors[gap // DAY :]:
        for aspect, times in (effect or {}).items():
            factor[aspect] *= times
    current, previous = (
        _buckets(part, factors, window.preceding.start, nature, dice, requests_a_day)
        for part in (window, window.preceding)
    )
    return Board(window, window.buckets, current, previous, CONTEXT)


def _buckets(
    window: Window,
    factors: list[dict[str, float]],
    origin: datetime.datetime,
    nature: Nature,
    dice: random.Random,
    requests_a_day: int,
) -> Buckets:
    parts = []
    for start in window.buckets:
        factor = dict(factors[(start - origin) // DAY])
        expected = requests_a_day * factor["volume"] * (window.step / DAY)
        if ((start - origin) // DAY) % 7 >= 5:
            expected *= nature.weekend
            factor["quality"] *= 1.3
            factor["cost"] *= 1.3
        count = max(0, round(dice.gauss(expected, math.sqrt(expected))))
        parts.append(requests_of(count, factor, dice))
    return Buckets(tuple(parts), window.per_day)


def readings(
    period: str,
    nature: Nature,
    histories: int,
    requests_a_day: int,
    effect: dict[str, float] | None = None,
    seed: int = 1,
) -> Iterator[dict[str, str]]:
    """For each history what its board says of each metric: better, worse or unclear."""
    for number in range(histories):
        dice = random.Random(f"{seed} {period} {nature.name} {number}")  # noqa: S311 - a study
        board = board_of(period, nature, dice, requests_a_day, effect)
        yield {found.name: found.trend_reading for found in board.metrics(MEASURED)}


def false_words(period: str, nature: Nature, histories: int, requests_a_day: int) -> int:
    """Null histories whose board says better or worse of any metric."""
    found = readings(period, nature, histories, requests_a_day)
    return sum(any(word in ("better", "worse") for word in words.values()) for words in found)


def false_families(days: int, hold: float, histories: int, metrics: int = 13) -> int:
    """Null histories with a false word where days are all that varies: requests without number.

    This is the hardest case, as the chance of single requests, which are independent, is gone.
    """
    dice, false = random.Random(f"{days} {hold}"), 0  # noqa: S311 - a study
    for _ in range(histories):
        p_values = [_change_of_days(days, hold, dice).p for _ in range(metrics)]
        false += min(holm(p_values)) <= FAMILY_ERROR
    return false


def _change_of_days(days: int, hold: float, dice: random.Random) -> Change:
    lag = WEEK * math.ceil(days / WEEK)
    value, path = dice.gauss(0, 1), []
    for _ in range(lag + days):
        path.append(value)
        value = hold * value + dice.gauss(0, math.sqrt(1 - hold**2))
    differences = [after - before for before, after in zip(path, path[lag:], strict=False)]
    mean = math.fsum(differences) / days
    size = math.sqrt(days * (days - 1))
    found = [(each - mean) / size for each in differences]
    error = paired_error(found, [0.0] * days, days)
    return Change(mean, error, dependence(days).degrees)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--requests", type=int, default=120, help="On a working day.")
    asked = parser.parse_args()
    _print_families(10 * asked.histories)
    print("\n| Period | Days | Boards with a false word |\n|---|---|---|")
    for period in PERIODS:
        for nature in NATURES:
            false = false_words(period, nature, asked.histories, asked.requests)
            print(f"| {period} | {nature.name} | {false} of {asked.histories} |")
    print("\n| Period | Days | Cost per request × | Said | Said the wrong way |")
    print("|---|---|---|---|---|")
    for period in PERIODS:
        for nature in NATURES:
            for times in (0.7, 0.4):
                _print_power(period, nature, times, asked.histories, asked.requests)


def _print_families(histories: int) -> None:
    holds = (0.0, 0.5, CARRIED, 0.8)
    print("| Days | " + " | ".join(f"neighbours correlate by {hold}" for hold in holds) + " |")
    print("|---" * (1 + len(holds)) + "|")
    for days in (7, 14, 28, 90):
        false = (false_families(days, hold, histories) / histories for hold in holds)
        print(f"| {days} | " + " | ".join(f"{100 * share:.1f} %" for share in false) + " |")


def _print_power(period: str, nature: Nature, times: float, histories: int, requests: int) -> None:
    found = readings(period, nature, histories, requests, {"cost": times})
    words = [each["mean_cost_usd"] for each in found]
    print(
        f"| {period} | {nature.name} | {times} | {words.count('better')} of {histories} "
        f"| {words.count('worse')} |"
    )


if __name__ == "__main__":
    main()
