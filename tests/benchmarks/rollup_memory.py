"""What a worker takes to roll up a day of minute sums, each of a kind of its own. Linux only.

    python -m tests.benchmarks.rollup_memory [sums]

A token reports so many sums (100,000), with as many classes and models as it may bring and some
200 latency bins each; then a process of its own sums the hours and the day. Set `DATABASE_URL` to
measure on PostgreSQL.
"""

from __future__ import annotations

import datetime
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice, product
from typing import Any

from tests.benchmarks.delivery import world

from evaluations.models import OutcomeRollup  # isort: skip
from evaluations.outcomes.bounds import MOST_NAMES, NameKind  # isort: skip
from evaluations.services.outcomes.ingestion import LARGEST_BATCH, ingest  # isort: skip
from policies.engine.outcomes.bins import bin_of  # isort: skip
from policies.models import RouterToken  # isort: skip
from routing_console.project_root import BASE_DIR  # isort: skip

SUMS = 100_000
REQUESTS = 800  # in each of them
HISTOGRAMS = 50


# Prints the peak of memory before and after in kB, and the seconds of CPU and of waiting.
_MEASURED = """
import re, time
import django
django.setup()
from evaluations.services.outcomes.rollups import roll_up_all

def peak_kb():
    return re.search(r"VmHWM:\\s+([0-9]+)", open("/proc/self/status").read())[1]

before, cpu, began = peak_kb(), time.process_time(), time.perf_counter()
roll_up_all()
print(before, peak_kb(), time.process_time() - cpu, time.perf_counter() - began)
"""


def report(token: RouterToken, sums: int, now: datetime.datetime) -> None:
    """Have the token report the sums, as the endpoint does."""
    told = told_sums(sums, now.replace(hour=0, minute=0, second=0, microsecond=0))
    while batch := list(islice(told, LARGEST_BATCH)):
        receipt = ingest(token.environment, batch, now=now, token=token)
        if receipt.accepted != len(batch):
            raise SystemExit(f"Not all was taken in: {receipt}")


def told_sums(sums: int, today: datetime.datetime) -> Iterator[dict[str, Any]]:
    """Sums of yesterday's minutes, no two with the same class, model and model that answered."""
    dice = random.Random(1)
    histograms = [latencies(dice) for _ in range(HISTOGRAMS)]
    classes, models = MOST_NAMES[NameKind.CLASS], MOST_NAMES[NameKind.MODEL]
    kinds = product(range(models), range(models), range(classes))
    for number, (model, served_model, class_key) in enumerate(islice(kinds, sums)):
        minute = today - datetime.timedelta(minutes=1 + dice.randrange(24 * 60))
        yield {
            "summary_id": f"{number}",
            "minute": minute.isoformat(),
            "class": f"class-{class_key}",
            "model": f"model-{model}",
            "served_model": f"model-{served_model}",
            "requests": REQUESTS,
            "cost_known": REQUESTS,
            "cost_nano_usd": dice.randrange(10**12),
            **histograms[number % HISTOGRAMS],
        }


def latencies(dice: random.Random) -> dict[str, Any]:
    """The latencies of requests that take about a second."""
    drawn = [round(dice.lognormvariate(13.8, 0.8)) for _ in range(REQUESTS)]
    bins = Counter(map(bin_of, drawn))
    return {
        "latency_us": sum(drawn),
        "latency_bins": [number for index in sorted(bins) for number in (index, bins[index])],
    }


def main() -> None:
    """Print a row of figures."""
    sums = int(sys.argv[1]) if len(sys.argv) > 1 else SUMS
    world.prepare(tokens=1)
    report(RouterToken.objects.get(), sums, datetime.datetime.now(datetime.UTC))
    command = [sys.executable, "-c", _MEASURED]
    told = subprocess.run(command, cwd=BASE_DIR, stdout=subprocess.PIPE, check=True).stdout
    before_kb, peak_kb, cpu_s, wall_s = map(float, told.split())
    print("| Sums | Rows | Memory before | Peak | CPU time | Time |\n|---|---|---|---|---|---|")
    print(
        f"| {sums:,} | {OutcomeRollup.objects.count():,} | {before_kb / 1024:.0f} MB "
        f"| {peak_kb / 1024:.0f} MB | {cpu_s:.0f} s | {wall_s:.0f} s |"
    )


if __name__ == "__main__":
    main()
