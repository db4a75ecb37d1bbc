"""How many keys change models between two splits that draw with one salt. Exact.

Both sides draw the same for the same key, so the model by the old split and the model by the new
one are followed together: dealt by the oldest weights, then step by step.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise, zip_longest

from policies.engine.splitting import Step, Weights, shares_of, steps_of

# (model by the old split, model by the new one) → share of all keys
Joint = dict[tuple[str, str], float]
STAYS = Step(leaving={}, growing=())


def moved_shares(before: Sequence[Weights], after: Sequence[Weights]) -> Joint:
    """Which shares of all keys go from one model to another, by (from, to).

    Each side is a split's weights from the oldest to its present ones.
    """
    shared = 0
    while shared < min(len(before), len(after)) and before[shared] == after[shared]:
        shared += 1
    if shared:  # so far both deal alike
        kept = shared - 1
        joint = {(model, model): share for model, share in shares_of(before[kept]).items()}
    else:
        kept, joint = 0, _dealt(before[0], after[0])
    old, new = steps_of(before[kept:]), steps_of(after[kept:])
    for was, now in zip_longest(old, new, fillvalue=STAYS):
        joint = _stepped(joint, was, now)
    return {way: share for way, share in joint.items() if way[0] != way[1] and share > 0}


def least_moved(before: Weights, after: Weights) -> float:
    """The share of keys that any split would have to move from these weights to those."""
    old = shares_of(before)
    return sum(max(0.0, share - old.get(model, 0.0)) for model, share in shares_of(after).items())


def _stepped(joint: Joint, old: Step, new: Step) -> Joint:
    """After a step on each side, which draws whether a key leaves, and where to, alike."""
    found: defaultdict[tuple[str, str], float] = defaultdict(float)
    both = _dealt(old.growing, new.growing) if old.growing and new.growing else {}
    gain = dict(shares_of(old.growing)), dict(shares_of(new.growing))
    for (was, now), share in joint.items():
        leaves = (
            old.leaving.get(was, 0.0) if old.growing else 0.0,
            new.leaving.get(now, 0.0) if new.growing else 0.0,
        )
        together = min(leaves)
        found[was, now] += share * (1 - max(leaves))
        for way, part in both.items() if together else ():
            found[way] += share * together * part
        for model, part in gain[0].items() if leaves[0] > together else ():
            found[model, now] += share * (leaves[0] - together) * part
        for model, part in gain[1].items() if leaves[1] > together else ():
            found[was, model] += share * (leaves[1] - together) * part
    return dict(found)


def _dealt(before: Weights, after: Weights) -> Joint:
    """What the same draws deal out by two sets of weights, by (model before, model after).

    −ln(u) is exponential, so the winners are those of two races of the same draws with other
    rates: with w and w′ the weights, x the new winner's score over the old one's and
    c(x) = Σ max(w_k, w′_k·x), the share is w_i·w′_j·∫ c(x)^−2 dx over w_j/w′_j < x < w_i/w′_i,
    where c is linear between the ratios w_k/w′_k. The rest of a model's share stays with it.
    """
    was, now = dict(before), dict(after)
    arms = {model: (was.get(model, 0.0), now.get(model, 0.0)) for model in {**was, **now}}
    turns = {model: old / new if new else math.inf for model, (old, new) in arms.items()}
    found: Joint = {}
    stays = shares_of(before)
    for old in was:
        for new in now:
            inside = sorted({turn for turn in turns.values() if turns[new] <= turn <= turns[old]})
            share = arms[old][0] * arms[new][1]
            share *= sum(_piece(arms, turns, low, high) for low, high in pairwise(inside))
            if share > 0:
                found[old, new] = share
                stays[old] -= share
    return found | {(model, model): share for model, share in stays.items() if share > 0}


def _piece(
    arms: Mapping[str, tuple[float, float]], turns: Mapping[str, float], low: float, high: float
) -> float:
    """The integral of c(x)^−2 between two ratios that follow one another: c is a + b·x there."""
    fixed = sum(was for model, (was, _) in arms.items() if turns[model] >= high)
    slope = sum(now for model, (_, now) in arms.items() if turns[model] <= low)
    start = fixed + slope * low
    if math.isinf(high):
        return 1 / (slope * start)
    return (high - low) / (start * (fixed + slope * high))
