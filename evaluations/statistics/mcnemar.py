"""McNemar's test of two paired yes/no results: exact and mid-p."""

import math


def mcnemar_exact(baseline_only: int, candidate_only: int) -> float:
    """Two-sided exact p: twice the binomial tail of the smaller discordant count, at most 1."""
    n = baseline_only + candidate_only
    if n == 0:
        return 1.0
    return min(1.0, 2 * _half_binomial_cdf(min(baseline_only, candidate_only), n))


def mcnemar_mid_p(baseline_only: int, candidate_only: int) -> float:
    """Two-sided mid-p: the exact p less the probability of the observed table.

    Fagerland, Lydersen and Laake (2013) recommend it over the exact test, which is conservative.
    """
    n = baseline_only + candidate_only
    if n == 0:
        return 1.0
    smaller = min(baseline_only, candidate_only)
    if baseline_only == candidate_only:
        return 1.0 - _half_binomial_pmf(smaller, n)
    return 2 * _half_binomial_cdf(smaller, n) - _half_binomial_pmf(smaller, n)


def _half_binomial_cdf(k: int, n: int) -> float:
    # Integers stay exact for any n; a quotient of two huge ints is still a correct float.
    term, total = 1, 1
    for i in range(1, k + 1):
        term = term * (n - i + 1) // i
        total += term
    return total / (1 << n)


def _half_binomial_pmf(k: int, n: int) -> float:
    return math.comb(n, k) / (1 << n)
