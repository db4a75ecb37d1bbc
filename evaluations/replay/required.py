"""Whose thresholds a candidate has to meet: its own, and those of the release that it replaces."""

from __future__ import annotations

from collections.abc import Iterator

from evaluations.replay.chunk import Plan
from evaluations.replay.judgement import BASELINE, CANDIDATE, Asked
from evaluations.replay.measures import MEASURED
from policies.differences import describe_difference
from policies.engine.thresholds import Threshold

# What a threshold is called and who looks after it asks nothing.
_ASKS_NOTHING = ("id", "owner", "window", "layer")


def required(plan: Plan, proved_alike: bool) -> Iterator[Asked]:
    """Each threshold with whose it is; the baseline's only where they ask something else.

    Where every request is treated alike there is nothing to protect, so that thresholds can be
    changed by themselves. What no replay measures is asked of the candidate's own alone.
    """
    own = plan.candidate.quality_thresholds.thresholds
    held = plan.baseline.quality_thresholds.thresholds
    before = [_asked(threshold) for threshold in held]
    yield from (Asked(t, CANDIDATE, is_new=_asked(t) not in before) for t in own)
    if not plan.compares or proved_alike:
        return
    asked = [_asked(threshold) for threshold in own]
    for threshold in held:
        if threshold.metric in MEASURED and _asked(threshold) not in asked:
            yield Asked(threshold, BASELINE, is_new=False)


def loosened_thresholds(plan: Plan) -> list[str]:
    """In sentences: what the candidate's thresholds ask less of, or may ask less of."""
    if not plan.compares:
        return []
    old, new = (b.quality_thresholds.to_json() for b in (plan.baseline, plan.candidate))
    changes = describe_difference("quality_thresholds", old, new)
    return [change.sentence for change in changes if change.loosens]


def _asked(threshold: Threshold) -> dict[str, object]:
    return {key: value for key, value in threshold.to_json().items() if key not in _ASKS_NOTHING}
