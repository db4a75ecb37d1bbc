"""How often gates pass what is as bad as the margin: `python -m evaluations.studies.gates`.

Prints the table of docs/statistics.md. Losses are exactly as large as the margin, where at most
2.5 % of samples may pass; the same without any loss says what that costs in power.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from statistics import fmean

from evaluations.replay.outcome import MEANS, NANO
from evaluations.statistics.quantiles import student_t_quantile
from evaluations.studies import samples
from evaluations.studies.deciding import Margin, decide, decide_counted
from evaluations.studies.exactly import Pairs
from evaluations.studies.samples import Clusters, Draw
from policies.engine import METRICS

SEED = 20261130
QUALITY, COST, P95 = "mean_quality", "mean_cost_usd", "latency_p95_ms"
HHI = "provider_concentration"
_MOST_REQUESTS = 1_000_000  # of all samples of one size
HEADER = ("Case", "n", "Margin", "t passes", "Gate passes", "Covers", "t, no loss", "Gate, no loss")


@dataclass(frozen=True, slots=True)
class Row:
    """One case. Shares of samples; None where there is nothing to tell."""

    case: str
    n: int
    margin: Margin
    by_t: float | None
    passes: float
    covers: float | None
    by_t_without_loss: float | None
    passes_without_loss: float | None

    def cells(self) -> list[str]:
        """As the table shows them."""
        size = _size(self.margin)
        shares = (self.by_t, self.passes, self.covers, self.by_t_without_loss,
                  self.passes_without_loss)  # fmt: skip
        told = ["–" if share is None else f"{share * 100:.1f} %" for share in shares]
        return [self.case, f"{self.n:,}", size, *told]


def _size(margin: Margin) -> str:
    if margin.alone:
        unit = " ms" if margin.metric == P95 else ""
        return f"at most {margin.size:,.4g}{unit}"
    if margin.relative:
        return f"{margin.size * 100:.3g} %"
    if margin.metric == P95:
        return "1 step"
    is_share = margin.metric == QUALITY or METRICS[margin.metric].unit == "share"
    return f"{margin.size * 100:.4g} %" if is_share else f"{margin.size:.4g}"


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of sample to be drawn, and how many of each size."""

    name: str
    margin: Margin
    draw: Draw
    sizes: tuple[int, ...]


# Requests, margin, share of requests that the candidate alone answers well.
PAIRS = (
    *((n, margin, 0.0) for n in (72, 200, 300, 500, 1000, 5000) for margin in (0.005, 0.01, 0.02)),
    *((n, 0.01, wins) for n in (200, 500, 1000, 2000) for wins in (0.005, 0.01)),
    *((n, 0.02, 0.01) for n in (200, 500, 1000)),
)
CONVERSATIONS = (
    ("conversations of 1–20", samples.up_to_twenty),
    ("one conversation of 30 %", samples.one_of_a_third),
    ("Zipf conversations", samples.zipf),
)


def cases() -> Iterator[Case]:
    """All that is simulated."""
    yield Case("graded quality", Margin(QUALITY, 0.02), samples.graded(samples.alone, 0.02),
               (72, 200, 1000))  # fmt: skip
    for name, sizes in CONVERSATIONS:
        yield Case(f"graded quality, {name}", Margin(QUALITY, 0.02), samples.graded(sizes, 0.02),
                   (500, 2000))  # fmt: skip
    for rise, within in ((0.005, 0.5), (0.01, 0.5), (0.02, 0.5), (0.02, 1.0)):
        yield Case(f"errors in bursts of {within:.0%}", Margin("error_rate", rise),
                   samples.bursts(samples.up_to_twenty, rise, within), (1000, 4000))  # fmt: skip
    yield Case("errors in bursts of 50%, Zipf conversations", Margin("error_rate", 0.02),
               samples.bursts(samples.zipf, 0.02, 0.5), (2000,))  # fmt: skip
    yield Case("graded quality, 2 % lost wholly", Margin(QUALITY, 0.02), samples.lost_wholly(0.02),
               (140, 200, 500))  # fmt: skip
    yield from _count_cases()
    yield from _cost_cases()
    yield from _slower_cases()


def _count_cases() -> Iterator[Case]:
    """Small whole numbers, and providers."""
    twenty = ", conversations of 1–20"
    for name, of, ns in (("", samples.alone, (200, 1000)),
                         (twenty, samples.up_to_twenty, (1000, 4000))):  # fmt: skip
        tried, deep = samples.counts(of, 0.02, 1, 4), samples.counts(of, 0.02, 0, 3)
        yield Case(f"amplification alone, 2 % tried 4 times{name}",
                   Margin("amplification", 1.06, alone=True), tried, ns)  # fmt: skip
        yield Case(f"amplification, 2 % tried 4 times{name}",
                   Margin("amplification", 0.06, relative=True), tried, ns)  # fmt: skip
        yield Case(f"fallback depth alone, 2 % of depth 3{name}",
                   Margin("fallback_depth", 0.06, alone=True), deep, ns)  # fmt: skip
        moved = samples.providers(of, 0.07)
        yield Case(f"concentration alone, shares of 57 and 43 %{name}",
                   Margin(HHI, 0.57**2 + 0.43**2, alone=True), moved, ns)  # fmt: skip
        yield Case(f"concentration, 7 % moved{name}", Margin(HHI, 0.57**2 + 0.43**2 - 0.5),
                   moved, ns)  # fmt: skip


def _cost_cases() -> Iterator[Case]:
    margin = Margin(COST, 0.02 * 59, relative=True)
    yield Case("cost, 2 % at 60 ×", margin, samples.escalating(samples.alone, 0.02, 60),
               (200, 300, 500, 1000, 5000))  # fmt: skip
    yield Case("cost, 2 % of conversations of 1–20 at 60 ×", margin,
               samples.escalating(samples.up_to_twenty, 0.02, 60), (2000, 5000))  # fmt: skip
    for spread in (1.0, 2.0):
        yield Case(f"lognormal cost, σ {spread:g}", Margin(COST, 0.1, relative=True),
                   samples.dearer(spread, 0.1), (72, 300, 1000))  # fmt: skip
    yield Case("lognormal cost, 30 % at a tenth, 10 % at 5 ×", Margin(COST, 0.13, relative=True),
               samples.shifted(0.3, 0.1), (300, 1000, 5000))  # fmt: skip
    for spread in (1.0, 1.5):
        yield Case(f"lognormal cost alone, σ {spread:g}", Margin(COST, 0.001, alone=True),
                   samples.of_mean_one(spread), (300, 1000))  # fmt: skip


def _slower_cases() -> Iterator[Case]:
    for share, times, ns in ((0.005, 5.0, (200, 400)), (0.01, 5.0, (200, 1000)),
                             (0.025, 4.0, (500, 1000))):  # fmt: skip
        margin = Margin(P95, samples.slower_p95(share, times), relative=True)
        yield Case(f"p95, {share:.1%} {times:g} × slower", margin,
                   samples.slower(samples.alone, share, times), ns)  # fmt: skip
    for name, of in (("1–20", samples.up_to_twenty), ("10", samples.of_ten)):
        margin = Margin(P95, samples.slower_p95(0.025, 4.0), relative=True)
        yield Case(f"p95, 2.5% of conversations of {name} 4 × slower", margin,
                   samples.slower(of, 0.025, 4.0), (1000, 4000))  # fmt: skip
        limit = samples.usual_p95() * (1 + samples.slower_p95(0.03, 5.0))
        yield Case(f"p95 alone, 3% of conversations of {name} 5 × slower",
                   Margin(P95, limit, alone=True), samples.slower(of, 0.03, 5.0),
                   (1000, 4000))  # fmt: skip
    yield Case("p95, nearly equal sides", Margin(P95, 0.05, relative=True),
               samples.nearly_equal(0.05, 0.05), (200, 1000))  # fmt: skip
    yield Case("p95, both sides drawn anew", Margin(P95, 0.05, relative=True),
               samples.nearly_equal(1.0, 0.05), (200, 1000))  # fmt: skip
    yield Case("p95, steps of 200 ms", Margin(P95, 200.0), samples.ticking(200), (1000,))


def pair_row(n: int, size: float, wins: float) -> Row:
    """Exact, by summing over all counts."""
    margin = Margin(QUALITY, size)
    bad, good = Pairs(margin, n, wins, wins + size), Pairs(margin, n, wins, wins)
    case = f"right or wrong, {wins:.1%} gained"
    return Row(case, n, margin, bad.passes_by_t(), bad.passes(), bad.covers(),
               good.passes_by_t(), good.passes())  # fmt: skip


def missing_row(n: int, missing: int) -> Row:
    """All right but so many unknown of the candidate: a loss that nobody recorded."""
    margin = Margin(QUALITY, 0.01)
    found = decide_counted(margin, [((NANO, NANO), n - missing), ((NANO, None), missing)])
    case = f"{missing / n:.1%} of qualities missing"
    return Row(case, n, margin, 1.0, float(found.passes), None, None, None)


def simulated_row(case: Case, n: int, repeats: int) -> Row:
    """Samples with a loss as large as the margin, and a quarter as many without."""
    repeats = min(repeats, _MOST_REQUESTS // n)
    bad = [_judged(case, n, 1, repeat) for repeat in range(repeats)]
    good = [_judged(case, n, 0, repeat) for repeat in range(max(1, repeats // 4))]
    bounded = [covers for *_, covers in bad if covers is not None]
    is_mean = case.margin.metric in MEANS
    return Row(
        case=case.name,
        n=n,
        margin=case.margin,
        by_t=_share(by_t for by_t, *_ in bad) if is_mean else None,
        passes=_share(passes for _, passes, _ in bad),
        covers=_share(bounded) if bounded else None,
        by_t_without_loss=_share(by_t for by_t, *_ in good) if is_mean else None,
        passes_without_loss=_share(passes for _, passes, _ in good),
    )


def _judged(case: Case, n: int, loss: int, repeat: int) -> tuple[bool, bool, bool | None]:
    """Of one sample: whether it passes by t, and by the gate, and whether that covers the truth."""
    source = Random(f"{SEED} {case.name} {n} {loss} {repeat}")  # noqa: S311  it is to be repeated
    clusters = case.draw(source, n, loss)
    found = decide(case.margin, clusters)
    covers = None
    if found.interval is not None:
        covers = found.interval[0] <= _truth(case.margin) <= found.interval[1]
    return passes_by_t(case.margin, clusters), found.passes, covers


def _share(found: Iterable[bool]) -> float:
    return fmean(map(float, found))


def _truth(margin: Margin) -> float:
    """What the interval should hold where the loss is as large as the margin."""
    return -margin.size if margin.metric == QUALITY else margin.size


def passes_by_t(margin: Margin, clusters: Clusters) -> bool:
    """Whether Student's t on one less than the number of clusters would let a mean pass."""
    if margin.metric not in MEANS:
        return False
    weight = 0.0 if margin.alone else 1 + margin.size if margin.relative else 1.0
    unit = MEANS[margin.metric]
    rows = [(len(pairs), sum(c - weight * b for b, c in pairs) / unit) for pairs in clusters]
    n, groups = sum(size for size, _ in rows), len(rows)
    mean = sum(total for _, total in rows) / n
    spread = sum((total - size * mean) ** 2 for size, total in rows)
    half = student_t_quantile(0.975, groups - 1) * math.sqrt(spread * groups / (groups - 1)) / n
    limit = 0.0 if margin.relative else _truth(margin)
    return mean - half >= limit if margin.metric == QUALITY else mean + half <= limit


def rows(repeats: int, named: str = "") -> Iterator[Row]:
    """The whole study, or the simulated cases that have these words in their name."""
    if not named:
        yield from (pair_row(n, size, wins) for n, size, wins in PAIRS)
        yield missing_row(1000, 47)
    for case in cases():
        if named not in case.name:
            continue
        for n in case.sizes:
            yield simulated_row(case, n, repeats)


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(prog="evaluations.studies.gates", description=__doc__)
    parser.add_argument("--samples", type=int, default=1000, help="of each simulated case")
    parser.add_argument("--named", default="", help="only cases with these words in their name")
    asked = parser.parse_args()
    print(f"| {' | '.join(HEADER)} |\n|{'---|' * len(HEADER)}")
    for row in rows(asked.samples, asked.named):
        print(f"| {' | '.join(row.cells())} |", flush=True)


if __name__ == "__main__":
    main()
