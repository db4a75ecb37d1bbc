"""Student's t and the normal, held to scipy."""

import pytest
import scipy  # it reads a part of itself when that is first asked for

from evaluations.statistics.quantiles import (
    incomplete_beta,
    normal_quantile,
    student_t_cdf,
    student_t_quantile,
)

PROBABILITIES = [1e-6, 0.001, 0.025, 0.05, 0.3, 0.5, 0.9, 0.975, 0.995, 1 - 1e-6]
DEGREES = [1, 2, 3, 7, 39, 100, 1010, 8396, 250_000]


@pytest.mark.parametrize("degrees", DEGREES)
@pytest.mark.parametrize("probability", PROBABILITIES)
def test_student_t_quantile__any_probability__agrees_with_scipy(
    probability: float, degrees: int
) -> None:
    expected = scipy.stats.t.ppf(probability, degrees)
    assert student_t_quantile(probability, degrees) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("degrees", DEGREES)
@pytest.mark.parametrize("value", [-40.0, -2.5, -0.1, 0.0, 1.0, 3.0, 12.0])
def test_student_t_cdf__any_value__agrees_with_scipy(value: float, degrees: int) -> None:
    expected = scipy.stats.t.cdf(value, degrees)
    assert student_t_cdf(value, degrees) == pytest.approx(expected, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize(("a", "b", "x"), [(0.5, 0.5, 0.2), (30, 2, 0.9), (950, 51, 0.95)])
def test_incomplete_beta__any_shape__agrees_with_scipy(a: float, b: float, x: float) -> None:
    assert incomplete_beta(a, b, x) == pytest.approx(scipy.special.betainc(a, b, x), rel=1e-10)


def test_student_t_quantile__endless_degrees__is_the_normal_quantile() -> None:
    assert student_t_quantile(0.975, 1e9) == normal_quantile(0.975)


@pytest.mark.parametrize("probability", [0.0, 1.0, -0.1])
def test_student_t_quantile__impossible_probability__is_refused(probability: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        student_t_quantile(probability, 5)
