"""What a token costs that reports single requests of hours long ago, by how full those were.

    python -m tests.benchmarks.old_hours

Hours of so many requests are summed, then one more request of each is reported, and summed again.
Set `DATABASE_URL` to measure on PostgreSQL.
"""

from __future__ import annotations

import datetime
import random
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from tests.benchmarks.delivery import world

from evaluations.services.outcomes.ingestion import LARGEST_BATCH, ingest  # isort: skip
from evaluations.services.outcomes.rollups import roll_up_all  # isort: skip
from policies.models import RouterToken  # isort: skip

REQUESTS_OF_AN_HOUR = (1, 1_000, 10_000, 50_000)
HOURS = 6  # of each size
A_DAY_AGO = datetime.timedelta(days=1)


def main() -> None:
    """Print a row of figures for each size of hour."""
    world.prepare(tokens=1)
    token = RouterToken.objects.get()
    now = datetime.datetime.now(datetime.UTC)
    print("| Requests an hour | Reporting one of each hour | Summing, an hour |\n|---|---|---|")
    for place, requests in enumerate(REQUESTS_OF_AN_HOUR):
        day = now.replace(hour=0, minute=0, second=0, microsecond=0) - A_DAY_AGO * (2 + place)
        hours = [day + datetime.timedelta(hours=number) for number in range(HOURS)]
        _report(token, (each for hour in hours for each in _requests(hour, requests)), now)
        roll_up_all()
        began = time.perf_counter()
        _report(token, (each for hour in hours for each in _requests(hour, 1, "late-")), now)
        reported = time.perf_counter()
        roll_up_all()
        summed_s = time.perf_counter() - reported
        print(
            f"| {requests:,} | {(reported - began) / HOURS * 1000:.1f} ms "
            f"| {summed_s / HOURS * 1000:.0f} ms |"
        )


def _report(token: RouterToken, told: Iterator[dict[str, Any]], now: datetime.datetime) -> None:
    while batch := list(islice(told, LARGEST_BATCH)):
        receipt = ingest(token.environment, batch, now=now, token=token)
        if receipt.accepted != len(batch):
            raise SystemExit(f"Not all was taken in: {receipt}")


def _requests(hour: datetime.datetime, count: int, mark: str = "") -> Iterator[dict[str, Any]]:
    dice = random.Random(1)
    for number in range(count):
        model = f"model-{dice.randrange(4)}"
        yield {
            "request_id": f"{mark}{hour:%j-%H}-{number}",
            "time": (hour + datetime.timedelta(seconds=dice.randrange(3600))).isoformat(),
            "class": f"class-{dice.randrange(5)}",
            "model": model,
            "served_model": model,
            "latency_ms": dice.lognormvariate(6.9, 0.8),
            "cost_usd": dice.random() / 100,
            "quality": dice.random(),
        }


if __name__ == "__main__":
    main()
