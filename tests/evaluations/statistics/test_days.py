"""The error of a change between periods of dependent days."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.statistics.days import CARRIED, Change, dependence, paired_error, residuals


@pytest.mark.parametrize(("days", "lag"), [(7, 7), (14, 14), (28, 28), (90, 91)])
def test_dependence__equals_the_quadratic_form_of_correlated_normals(days: int, lag: int) -> None:
    """By matrices: x'Mx/(n-1) has the mean tr(MΩ)/(n-1) and the variance 2·tr(MΩMΩ)/(n-1)²."""
    moments = np.concatenate([np.arange(days), np.arange(days) - lag])
    correlation = CARRIED ** np.abs(moments[:, None] - moments[None, :])
    less = np.hstack([np.eye(days), -np.eye(days)])
    omega = less @ correlation @ less.T
    centred = (np.eye(days) - 1 / days) @ omega
    spread = np.trace(centred) / (days - 1)
    factor = math.sqrt(omega.sum() / days**2 / (spread / days))
    degrees = np.trace(centred) ** 2 / np.trace(centred @ centred)
    found = dependence(days)
    assert (found.factor, found.degrees) == pytest.approx((factor, degrees))


def test_paired_error__of_days_of_one_size__is_that_of_their_paired_differences() -> None:
    """s/√n of the daily differences, times the factor of dependent days."""
    now, before = [3, 5, 4, 8, 6, 9, 7], [2, 5, 1, 6, 6, 5, 3]
    differences = [(a - b) / 10 for a, b in zip(now, before, strict=True)]
    plain = float(np.std(differences, ddof=1)) / math.sqrt(7)
    after, earlier = (residuals([(value, 10) for value in values]) for values in (now, before))
    found = paired_error(after, earlier, 7)
    assert found == pytest.approx(dependence(7).factor * plain)


@given(st.floats(-10, 10), st.floats(0.001, 10), st.floats(0, 1), st.floats(0.5, 0.999))
def test_change__p_and_interval__say_the_same(
    estimate: float, error: float, slack: float, confidence: float
) -> None:
    change = Change(estimate, error, 10.0, slack)
    if abs(change.p - (1 - confidence)) > 1e-9:
        leaves_out_none = abs(estimate) > change.half_width(confidence)
        assert leaves_out_none == (change.p < 1 - confidence)


def test_change__without_any_spread__is_certain_beyond_its_slack_alone() -> None:
    assert Change(0.0, 0.0, 6.0).p == 1
    assert Change(2.0, 0.0, 6.0, slack=2.0).p == 1
    assert Change(2.1, 0.0, 6.0, slack=2.0).p == 0
