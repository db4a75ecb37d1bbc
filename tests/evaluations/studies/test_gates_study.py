"""The study of false passes, in small, and its table in the documentation."""

from __future__ import annotations

import math
import re
import sys
from random import Random

import pytest

from evaluations.statistics.quantiles import normal_cdf
from evaluations.studies import gates, samples
from evaluations.studies.deciding import Margin
from routing_console.project_root import BASE_DIR

TABLE = BASE_DIR / "docs" / "statistics.md"
CASES = {case.name: case for case in gates.cases()}


def told() -> dict[tuple[str, str, str], list[str]]:
    """The rows of the table by case, requests and margin."""
    lines = [line for line in TABLE.read_text().splitlines() if re.match(r"\| .* %? ?\|", line)]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {
        (name, n, margin): shares
        for name, n, margin, *shares in cells
        if len(shares) == len(gates.HEADER) - 3 and re.fullmatch(r"[\d,]+", n)
    }


@pytest.mark.parametrize(
    ("n", "size", "wins"),
    [(72, 0.005, 0.0), (200, 0.01, 0.005), (300, 0.02, 0.0), (500, 0.01, 0.0)],
)
def test_pairs__loss_as_large_as_the_margin__pass_in_at_most_one_sample_of_forty(
    n: int, size: float, wins: float
) -> None:
    row = gates.pair_row(n, size, wins)
    assert row.passes <= 0.025 < (row.by_t or 0)
    assert row.cells()[3:] == told()[row.case, f"{n:,}", row.cells()[2]]


def test_pairs__no_loss_seen__pass_by_t_as_often_as_no_loss_is_seen() -> None:
    # 200 requests of which one in 200 loses: t has no width where none does.
    assert gates.pair_row(200, 0.005, 0.0).by_t == pytest.approx(0.995**200, rel=1e-9)


def test_missing__qualities_that_nobody_recorded__do_not_pass() -> None:
    assert gates.missing_row(1000, 47).passes == 0


@pytest.mark.parametrize(
    ("name", "n", "repeats"),
    [
        ("graded quality, conversations of 1–20", 500, 10),
        ("errors in bursts of 50%, Zipf conversations", 2000, 8),
        ("cost, 2 % at 60 ×", 300, 8),
        ("p95, 1.0% 5 × slower", 200, 20),
        ("amplification alone, 2 % tried 4 times, conversations of 1–20", 1000, 12),
        ("concentration, 7 % moved", 200, 12),
        ("graded quality, 2 % lost wholly", 140, 12),
    ],
)
def test_simulated__loss_as_large_as_the_margin__passes_hardly_ever(
    name: str, n: int, repeats: int
) -> None:
    row = gates.simulated_row(CASES[name], n, repeats)
    assert row.passes <= 1 / repeats
    assert row == gates.simulated_row(CASES[name], n, repeats)


def test_slower_p95__share_and_factor__is_where_the_mixed_law_has_its_percentile() -> None:
    change = samples.slower_p95(0.025, 4.0)
    at = (1 + change) * 2.718281828459045 ** (0.5 * 1.6448536269514722)
    below = [normal_cdf(2 * math.log(at / times)) for times in (1.0, 4.0)]
    assert 0.975 * below[0] + 0.025 * below[1] == pytest.approx(0.95)


@pytest.mark.parametrize(
    "sizes", [samples.alone, samples.up_to_twenty, samples.one_of_a_third, samples.zipf]
)
def test_sizes__of_any_kind__hold_all_requests(sizes: samples.Sizes) -> None:
    assert sum(sizes(Random(1), 1000)) == 1000


def test_table__in_the_documentation__has_every_case_of_the_study() -> None:
    pairs = {(n, size, wins) for n, size, wins in gates.PAIRS}
    expected = {
        tuple(gates.Row(f"right or wrong, {wins:.1%} gained", n, Margin("mean_quality", size),
                        None, 0, None, None, None).cells()[:3])
        for n, size, wins in pairs
    }  # fmt: skip
    expected |= {
        tuple(gates.Row(case.name, n, case.margin, None, 0, None, None, None).cells()[:3])
        for case in CASES.values()
        for n in case.sizes
    }
    assert expected <= told().keys()


def test_table__in_the_documentation__has_no_false_pass_beyond_the_noise_of_its_samples() -> None:
    noise = 1.96 * math.sqrt(0.025 * 0.975 / 500) * 100  # points; counted rows have 500 samples
    beyond = {
        row: shares[1]
        for row, shares in told().items()
        if float(shares[1].rstrip(" %")) > 2.5 + (0 if row[0].startswith("right") else noise)
    }
    assert beyond == {}


def test_table__in_the_documentation__covers_the_truth_on_both_sides() -> None:
    noise = 1.96 * math.sqrt(0.06 * 0.94 / 200) * 100  # points; the fewest samples of a row
    below = {
        row: shares[2]
        for row, shares in told().items()
        if shares[2] != "–"
        and float(shares[2].rstrip(" %")) < 94 - (0 if row[0].startswith("right") else noise)
    }
    assert below == {}


def test_command__one_case__prints_its_rows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gates", "--samples", "1", "--named", "steps of 200 ms"])
    gates.main()
    head, rule, row = capsys.readouterr().out.splitlines()
    assert head == f"| {' | '.join(gates.HEADER)} |"
    assert rule == "|---|---|---|---|---|---|---|---|"
    assert row.startswith("| p95, steps of 200 ms | 1,000 | 1 step | – | ")
