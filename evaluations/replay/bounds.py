"""What is unknown of a request, put to the candidate's disadvantage.

A comparison that leaves out what it does not know can be passed by knowing little. So a gate has to
hold also where each unknown value of the candidate is the worst, and each of the baseline the best,
that it can be (worst-case bounds for missing outcomes; Horowitz and Manski 2000). Where both
bundles make the same calls, what is unknown of them is the same for both and cancels.
"""

from dataclasses import dataclass

from evaluations.replay.outcome import MEANS, NANO, Outcome
from evaluations.replay.prices import Ceilings

# Slower than any call, and quicker: ranks for latencies that nobody recorded, in microseconds.
SLOWEST, QUICKEST = 10**13, 1
Values = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Most:
    """The most that one request may come to: `costs` of a call, and `attempts`."""

    costs: Ceilings
    attempts: int


@dataclass(frozen=True, slots=True)
class Assumed:
    """An outcome without anything unknown; `values` in the order of `MEANS`."""

    class_key: str
    values: Values


@dataclass(frozen=True, slots=True)
class Assumption:
    """One request: both sides to be compared, and the candidate for limits of its own.

    `shared` tells for each metric whether it is unknown on both sides and the same on both.
    """

    baseline: Assumed
    candidate: Assumed
    alone: Assumed
    shared: tuple[bool, ...]


def assumption(before: Outcome, after: Outcome, most: Most) -> Assumption:
    """The worst case of one request for the candidate."""
    known, mine = before.values, after.values
    best, worst = _best(before), _worst(after, most)
    alike = before.path == after.path
    shared = tuple(alike and b is None and c is None for b, c in zip(known, mine, strict=True))
    return Assumption(
        baseline=Assumed(before.class_key, _filled(known, best, shared)),
        candidate=Assumed(before.class_key, _filled(mine, worst, shared)),
        alone=Assumed(before.class_key, _filled(mine, worst, (False,) * len(MEANS))),
        shared=shared,
    )


def assumed_latencies(before: Outcome, after: Outcome) -> tuple[int, int]:
    """(baseline, candidate) in microseconds: an unknown one of the candidate is slower than any
    other, of the baseline quicker; a failure that both meet alike is slow for both.
    """
    both_fail = before.path == after.path and before.error is not None
    slow = both_fail and before.latency is None
    fastest = SLOWEST if slow else QUICKEST
    return (
        fastest if before.latency is None else before.latency,
        SLOWEST if after.latency is None else after.latency,
    )


def _filled(values: tuple[int | None, ...], others: Values, shared: tuple[bool, ...]) -> Values:
    return tuple(
        value if value is not None else 0 if same else other
        for value, other, same in zip(values, others, shared, strict=True)
    )


def _worst(outcome: Outcome, most: Most) -> Values:
    """In the order of `MEANS`. A chain that reaches a model never recorded may go on to others."""
    made = len(outcome.path)
    missing = most.costs.recorded
    if outcome.unsupported is not None:
        missing = max(1, most.attempts - made + 1) * most.costs.anywhere
    attempts = max(most.attempts, made)
    return (
        0, 0, 1, int(attempts > 1), attempts - 1, attempts, 1, outcome.spent + missing, 1,
    )  # fmt: skip


def _best(outcome: Outcome) -> Values:
    depth = outcome.depth
    return (NANO, 1, 0, int(depth > 0), depth, len(outcome.path), 0, outcome.spent, 0)
