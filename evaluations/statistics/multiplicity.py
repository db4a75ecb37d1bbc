"""Adjusted p-values when many classes are screened at once."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment, in the order given: controls any false alarm at all."""
    m = len(p_values)
    adjusted = [0.0] * m
    running = 0.0
    for rank, index in enumerate(_ascending(p_values)):
        running = max(running, min(1.0, (m - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's step-up adjustment (1995): controls the share of false alarms."""
    m = len(p_values)
    adjusted = [0.0] * m
    running = 1.0
    for rank, index in reversed(list(enumerate(_ascending(p_values), start=1))):
        running = min(running, m / rank * p_values[index])
        adjusted[index] = running
    return adjusted


def holm_confidences(p_values: Sequence[float], family_error: float = 0.05) -> list[float]:
    """The confidence at which Holm's procedure judges each p-value, in the order given.

    An interval of this confidence leaves out 0 exactly where Holm rejects: from the first p-value
    that is not rejected on, all are judged at its level.
    """
    m = len(p_values)
    confidences = [0.0] * m
    level, goes_on = 0.0, True
    for rank, index in enumerate(_ascending(p_values)):
        if goes_on:
            level = family_error / (m - rank)
            goes_on = p_values[index] < level
        confidences[index] = 1 - level
    return confidences


def _ascending(p_values: Sequence[float]) -> list[int]:
    return sorted(range(len(p_values)), key=lambda i: (p_values[i], i))
