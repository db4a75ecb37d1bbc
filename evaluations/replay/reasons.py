"""Why a gate got its verdict, in sentences that a reviewer reads."""

from __future__ import annotations

from collections.abc import Sequence

from evaluations.replay import wording
from evaluations.replay.measures import Measurement
from evaluations.replay.tested import Tested
from evaluations.statistics.gates import FAIL, INCONCLUSIVE, PASS
from evaluations.statistics.sample_size import POWER, Needed
from policies.engine.thresholds import ANY_CLASS, Threshold

_OUTCOMES = {
    PASS: "the whole interval satisfies it.",
    FAIL: "the whole interval lies beyond it.",
    INCONCLUSIVE: "the interval reaches across it.",
}
_OPS = {"gte": "at least", "gt": "more than", "lte": "at most", "lt": "less than"}


def name_of(threshold: Threshold) -> str:
    """The metric, with the class where it is one's alone."""
    name = wording.label(threshold.metric)
    return name if threshold.class_key == ANY_CLASS else f"{name} of {threshold.class_key}"


def nothing(name: str, found: Measurement) -> str:
    """Why there is no value at all."""
    if not found.requests:
        return f"{name}: no recorded request falls into the class."
    return f"{name} is not recorded for any request that both bundles can be judged on."


def share_of_nothing(threshold: Threshold) -> str:
    """Why a relative margin means nothing here."""
    name = wording.label(threshold.metric).lower()
    return (
        f"{name} is 0 under the baseline, and a share of nothing is not defined. "
        "Give the threshold an absolute margin."
    )


def too_few_costs(fewest: int, effective: float, is_each_alone: bool) -> str:
    """Why costs need more requests, or more conversations, than there are."""
    what = "requests" if is_each_alone else "independent conversations"
    return (
        f"costs need {wording.count(fewest)} {what}, since a sample this small "
        f"({wording.rounded(effective)}) may hold none of the rare dear ones."
    )


def unpriced(models: Sequence[str]) -> str:
    """Why nothing bounds the costs of requests to models that nobody recorded."""
    named = ", ".join(models)
    return (
        f"But requests go to models that the dataset never recorded, and nothing says what they "
        f"cost there: {named}. Give them prices in the catalogue."
    )


def unknown_base(requests: int) -> str:
    """Why a relative improvement cannot be shown where some values are unknown on both sides."""
    return (
        f"But {wording.count(requests)} requests have an unknown value that does not change, so "
        "it is not known what the improvement is a share of."
    )


def sentence(threshold: Threshold, tested: Tested, verdict: str) -> str:
    """The estimate with its interval, the limit, and what follows."""
    name = name_of(threshold)
    asked = f"{_OPS[threshold.op]} {_shown(threshold.metric, tested, tested.limit)}"
    shown = tested.shown
    if shown is None:
        return f"{name} is asked to change by {asked}; {_OUTCOMES[verdict]}"
    verb = "is" if tested.scale == "value" else "changes by"
    estimate, low, high = (
        _shown(threshold.metric, tested, x) for x in (shown.estimate, shown.low, shown.high)
    )
    percent = wording.share(threshold.confidence)
    interval = f"{percent} interval {wording.between(low, high)}"
    return f"{name} {verb} {estimate} ({interval}); the limit is {asked}: {_OUTCOMES[verdict]}"


def at_worst(threshold: Threshold, tested: Tested, worst: Tested, unknown: int, holds: bool) -> str:
    """Whether a pass holds with everything unknown at its worst, and what that takes of it."""
    noun = "request has" if unknown == 1 else "requests have"
    said = f"{wording.count(unknown)} {noun} no known value; at worst "
    bound, cost = worst.bound(), cost_of_unknown(tested, worst)
    if bound is None or cost is None:
        said += "nothing bounds it"
    else:
        said += f"the interval ends at {_shown(threshold.metric, worst, bound)}"
        said += _part_of_margin(threshold, tested, cost)
    return f"{said}, so {'it holds in any case' if holds else 'it may not hold'}."


def _part_of_margin(threshold: Threshold, tested: Tested, cost: float) -> str:
    if tested.scale == "value" or not tested.limit:
        return ""
    return f" ({wording.share(cost / abs(tested.limit))} of the margin)"


def cost_of_unknown(tested: Tested, worst: Tested) -> float | None:
    """By how much the deciding end of the interval is nearer to the limit at worst; None where
    either has no end. In the scale of the gate.
    """
    bound, least = tested.bound(), worst.bound()
    return None if bound is None or least is None else abs(least - bound)


def resolve(needed: Needed | None) -> str:
    """How many requests an inconclusive gate would need."""
    if needed is None:
        return "The estimate lies on the limit, so that no number of requests would resolve it."
    return (
        f"If the true value is the one measured, about {wording.count(needed.requests)} requests "
        f"like these would show a {needed.towards} in {wording.share(POWER)} of cases."
    )


def unconfirmed(family: int) -> str:
    """Why a failing gate of a class, judged together with the other classes' gates, is open."""
    return (
        f"Of {family} gates of classes, though, one lies so far beyond its limit by chance too "
        "often (Holm), so it does not count as a fail. More requests would resolve it."
    )


def _shown(metric: str, tested: Tested, value: float) -> str:
    if tested.scale == "relative":
        return wording.share(value, signed=True)
    return wording.amount(metric, value, signed=tested.scale == "difference")
