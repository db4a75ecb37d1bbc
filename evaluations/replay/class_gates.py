"""Gates of single classes, judged together: of many, one fails by chance sooner or later.

To pass, all of them have to, so more gates make no pass likelier, and each is judged by itself. A
fail is another matter: of forty gates whose classes lie at their limits, one fails in most runs.
So a class's gate fails only where Holm's step-down procedure (1979) over all gates of classes
confirms it at the gate's own level; else it stays inconclusive, which does not pass either.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from policies.engine.thresholds import Threshold


def confirmed(
    failing: Mapping[int, Threshold], family: int, fails: Callable[[Threshold], bool]
) -> set[int]:
    """Which of the failing gates, by key, still fail when `family` gates are judged together.

    `fails` judges a threshold at its confidence. A gate's p is at most α/d exactly where it fails
    at α/d, so the order of the largest such d is that of the p-values.
    """
    levels = {key: _level(threshold, family, fails) for key, threshold in failing.items()}
    found: set[int] = set()
    for rank, key in enumerate(sorted(levels, key=lambda key: (-levels[key], key))):
        if levels[key] < family - rank:
            break
        found.add(key)
    return found


def _level(threshold: Threshold, family: int, fails: Callable[[Threshold], bool]) -> int:
    """The largest d up to `family` with which the gate fails at a d-th of its error."""
    low, high = 1, family
    while low < high:
        middle = (low + high + 1) // 2
        if fails(replace(threshold, confidence=1 - (1 - threshold.confidence) / middle)):
            low = middle
        else:
            high = middle - 1
    return low
