"""How many keys change models between two splits that draw with one salt. Exact.

Both sides draw the same for the same key, so the model by the old split and the model by the new
one are followed together: dealt by the oldest weights, then step by step.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise, zip_longest

from .splitting import Step, Weights, shares_of, steps_of

# (model by the old split, model by the new one) → share of all keys
Joint = dict[tuple[str, str], float]
STAYS = Step(leaving={}, growing=())


def moved_shares(before: Sequence[Weights], after: Sequence[Weights]) -> Joint:
    """Which shares of all keys go from one model to another, by (from, to).

    Each side is a split's weights from the oldest to its present ones.
    """
    before, after = from_parting(before, after)
    joint = _dealt(before[0], after[0])
    for was, now in zip_longest(steps_of(before), steps_of(after), fillvalue=STAYS):
        joint = _stepped(joint, was, now)
    return {way: share for way, share in joint.items() if way[0] != way[1] and share > 0}


def from_parting(
    before: Sequence[Weights], after: Sequence[Weights]
) -> tuple[Sequence[Weights], Sequence[Weights]]:
    """Both sides from the last weights up to which they deal alike; whole where they never do."""
    shared = 0
    while shared < min(len(before), len(after)) and before[shared] == after[shared]:
        shared += 1
    kept = max(0, shared - 1)
    return before[kept:], after[kept:]


def least_moved(before: Weights, after: Weights) -> float:
    """The share of keys that any split would have to move from these weights to those."""
    old = shares_of(before)
    return sum(max(0.0, share - old.get(model, 0.0)) for model, share in shares_of(after).items())


def _stepped(joint: Joint, old: Step, new: Step) -> Joint:
    """After a step on each side, which draws whether a key leaves, and where to, alike."""
    found: defaultdict[tuple[str, str], float] = defaultdict(float)
    # What leaves on the old side only, by the model on the new one; the reverse; and on both.
    of_old: defaultdict[str, float] = defaultdict(float)
    of_new: defaultdict[str, float] = defaultdict(float)
    of_both = 0.0
    for (was, now), share in joint.items():
        leaves = (
            old.leaving.get(was, 0.0) if old.growing else 0.0,
            new.leaving.get(now, 0.0) if new.growing else 0.0,
        )
        found[was, now] += share * (1 - max(leaves))
        of_both += share * min(leaves)
        of_old[now] += share * max(0.0, leaves[0] - leaves[1])
        of_new[was] += share * max(0.0, leaves[1] - leaves[0])
    for model, part in shares_of(old.growing).items():
        for now, share in of_old.items():
            found[model, now] += share * part
    for model, part in shares_of(new.growing).items():
        for was, share in of_new.items():
            found[was, model] += share * part
    if of_both:
        for way, part in _dealt(old.growing, new.growing).items():
            found[way] += of_both * part
    return dict(found)


def _dealt(before: Weights, after: Weights) -> Joint:
    """What the same draws deal out by two sets of weights, by (model before, model after).

    −ln(u) is exponential, so the winners are those of two races of the same draws with other
    rates: with w and w′ the weights, x the new winner's score over the old one's and
    c(x) = Σ max(w_k, w′_k·x), the share is w_i·w′_j·∫ c(x)^−2 dx over w_j/w′_j < x < w_i/w′_i,
    where c is linear between the ratios w_k/w′_k. The rest of a model's share stays with it.
    """
    was, now = shares_of(before), shares_of(after)
    arms = {model: (was.get(model, 0.0), now.get(model, 0.0)) for model in {**was, **now}}
    turns = {model: old / new if new else math.inf for model, (old, new) in arms.items()}
    points = sorted(set(turns.values()))
    below = dict(zip(points, accumulate(_pieces(arms, turns, points), initial=0.0), strict=True))
    found: Joint = {}
    stays = dict(was)
    for old in was:
        for new in now:
            between = below[turns[old]] - below[turns[new]]
            if between > 0:
                found[old, new] = arms[old][0] * arms[new][1] * between
                stays[old] -= found[old, new]
    return found | {(model, model): share for model, share in stays.items() if share > 0}


def _pieces(
    arms: Mapping[str, tuple[float, float]], turns: Mapping[str, float], points: Sequence[float]
) -> Iterator[float]:
    """The integral of c(x)^−2 between each two ratios that follow one another; c is a + b·x."""
    for low, high in pairwise(points):
        fixed = sum(was for model, (was, _) in arms.items() if turns[model] >= high)
        slope = sum(now for model, (_, now) in arms.items() if turns[model] <= low)
        start = fixed + slope * low
        if math.isinf(high):
            yield 1 / (slope * start)
        else:
            yield (high - low) / (start * (fixed + slope * high))
