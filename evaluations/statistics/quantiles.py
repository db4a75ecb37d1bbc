"""Quantiles of the normal and of Student's t, from the standard library alone.

scipy costs 110 MB and seconds to import in every worker; two distributions do not justify it.
"""

import math
from functools import lru_cache
from statistics import NormalDist

_STANDARD_NORMAL = NormalDist()
_TINY = 1e-300
_MAX_TERMS = 500
# Beyond this many degrees of freedom t and normal quantiles agree to 1e-9 relative.
_NORMAL_FROM = 10**9


def normal_quantile(probability: float) -> float:
    """z with P(Z <= z) = probability; probability strictly between 0 and 1."""
    return _STANDARD_NORMAL.inv_cdf(probability)


def normal_cdf(value: float) -> float:
    """P(Z <= value) for the standard normal."""
    return _STANDARD_NORMAL.cdf(value)


def student_t_cdf(value: float, degrees: float) -> float:
    """P(T <= value) for Student's t; degrees > 0."""
    if degrees <= 0:
        raise ValueError("Student's t needs more than 0 degrees of freedom.")
    if math.isinf(value):
        return 1.0 if value > 0 else 0.0
    square = value * value
    tail = 0.5 * incomplete_beta(degrees / 2, 0.5, degrees / (degrees + square))
    return 1.0 - tail if value > 0 else tail


@lru_cache(maxsize=1024)
def student_t_quantile(probability: float, degrees: float) -> float:
    """t with P(T <= t) = probability, to about 1e-12 relative; 0 < probability < 1."""
    if not 0 < probability < 1:
        raise ValueError("A quantile needs a probability strictly between 0 and 1.")
    if degrees >= _NORMAL_FROM:
        return normal_quantile(probability)
    if probability < 0.5:
        return -student_t_quantile(1 - probability, degrees)
    return _bisect_upper(probability, degrees)


def _bisect_upper(probability: float, degrees: float) -> float:
    # The upper tail keeps its digits where 1 - cdf would lose them.
    tail = 1 - probability
    low, high = 0.0, 1.0
    while _upper_tail(high, degrees) > tail:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if _upper_tail(middle, degrees) > tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _upper_tail(value: float, degrees: float) -> float:
    return 0.5 * incomplete_beta(degrees / 2, 0.5, degrees / (degrees + value * value))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta I_x(a, b), by Lentz's continued fraction (DLMF 8.17.22)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    # The fraction converges fast only on this side of the mean; the other is its mirror image.
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1.0 - front * _beta_fraction(b, a, 1 - x) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    c = 1.0
    d = 1.0 / _away_from_zero(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _MAX_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            result *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return result


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
