"""Figures of public sources for the small methods: McNemar, Holm, ranks."""

from fractions import Fraction

import pytest
import scipy  # it reads a part of itself when that is first asked for

from evaluations.statistics.mcnemar import mcnemar_exact, mcnemar_mid_p
from evaluations.statistics.multiplicity import holm
from evaluations.statistics.percentiles import binomial_ranks

# Benjamini and Hochberg (1995), section 4.1: fifteen p-values of the thrombolysis trials.
TRIALS_1995 = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
    0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
]  # fmt: skip


def test_mcnemar__nine_against_one__has_the_textbook_p_values() -> None:
    assert mcnemar_exact(9, 1) == pytest.approx(0.021484, abs=1e-6)
    assert mcnemar_mid_p(9, 1) == pytest.approx(0.011719, abs=1e-6)


def test_mcnemar__hundreds_of_pairs__agrees_with_the_binomial_test() -> None:
    assert mcnemar_exact(571, 29) == pytest.approx(1.06363426411e-131, rel=1e-10)
    assert mcnemar_exact(74, 72) == pytest.approx(scipy.stats.binomtest(72, 146).pvalue)


@pytest.mark.parametrize("counts", [(0, 0), (5, 5), (1, 0)])
def test_mcnemar__balanced_or_empty__stays_a_probability(counts: tuple[int, int]) -> None:
    assert 0 < mcnemar_mid_p(*counts) <= 1
    assert 0 < mcnemar_exact(*counts) <= 1


def test_holm__four_p_values__are_adjusted_as_published() -> None:
    p_values = [0.01, 0.04, 0.03, 0.005]
    assert holm(p_values) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm__the_1995_example__rejects_three() -> None:
    assert sum(p <= 0.05 for p in holm(TRIALS_1995)) == 3


@pytest.mark.parametrize(
    ("n", "p", "ranks"),
    [
        (1000, Fraction(95, 100), (936, 964)),
        (10_000, Fraction(95, 100), (9457, 9543)),
        (100, Fraction(1, 2), (40, 61)),
    ],
)
def test_binomial_ranks__published_sizes__are_reproduced(
    n: int, p: Fraction, ranks: tuple[int, int]
) -> None:
    assert binomial_ranks(n, p, 0.95) == ranks


def test_binomial_ranks__a_thousand_values__cover_as_published() -> None:
    low, high = binomial_ranks(1000, Fraction(95, 100), 0.95)
    law = scipy.stats.binom(1000, 0.95)
    assert law.cdf(high - 1) - law.cdf(low - 1) == pytest.approx(0.9581, abs=1e-4)


def test_binomial_ranks__one_sided_p95__exists_from_59_values() -> None:
    # A one-sided 95 % bound is the upper end of a two-sided 90 % interval.
    assert binomial_ranks(59, Fraction(95, 100), 0.9)[1] <= 59
    assert binomial_ranks(58, Fraction(95, 100), 0.9)[1] > 58
