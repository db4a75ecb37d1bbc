"""What gets worse, directly under the headline of the review page, and the figures in short."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.governance.evidence_facts import Comparison, EvidenceFacts
from policies.governance.impact_facts import ImpactFacts
from policies.wording.numbers import money, number, percent

SHOWN = 5  # the rest is one click away: the first screen has to hold what gets worse
CHANCE = 0.025  # of a 95 % interval to lie on the bad side of zero though nothing changed
LAYERS = {"quality": "quality", "reliability": "reliability", "economic": "cost"}
DIRECTIONS = {
    "better": ("pass", "Better"),
    "worse": ("fail", "Worse"),
    "unclear": ("inconclusive", "No clear change"),
    "same": ("pass", "No change"),
    "unknown": ("missing", "Not recorded"),
}


@dataclass(frozen=True)
class Regression:
    """A line of the list: what it is of, the figure before and after, and how sure that is."""

    label: str
    scope: str
    before: str
    after: str
    more: str


@dataclass(frozen=True)
class Figure:
    """One concern in short; `verdict` and `word` are those of its mark."""

    name: str
    text: str
    more: str
    verdict: str
    word: str
    href: str = "#checks-title"


@dataclass(frozen=True)
class WhatGetsWorse:
    """`known`: whether an evaluation tells. `words` is the short of it for the headline, or empty;
    `of_quality` is that of quality alone. `nothing_moved`: no request was treated differently.
    """

    known: bool
    shown: tuple[Regression, ...]
    rest: tuple[Regression, ...]
    words: str
    of_quality: str
    support: tuple[str, ...]
    nothing_moved: bool


def what_gets_worse(
    evidence: EvidenceFacts | None, impact: ImpactFacts | None, labels: Mapping[str, str]
) -> WhatGetsWorse:
    """`labels` names classes by their keys. Lost fallbacks and failed calls are never hidden."""
    compared = [_compared(one, labels) for one in evidence.worse] if evidence else []
    counted = [*_lost_fallbacks(impact), *_failed_calls(evidence)]
    phrases = _phrases(evidence, labels) if evidence else {}
    said = [_layers(phrases)] if phrases else []
    if impact and impact.fallback_lost:
        said.append("fallbacks are lost")
    return WhatGetsWorse(
        known=evidence is not None,
        shown=(*compared[:SHOWN], *counted),
        rest=tuple(compared[SHOWN:]),
        words=" and ".join(said),
        of_quality=f"{phrases['quality']} gets worse" if "quality" in phrases else "",
        support=tuple(_support(evidence)) if evidence else (),
        nothing_moved=evidence is not None and _is_unmoved(evidence.support),
    )


def figures(
    evidence: EvidenceFacts | None, impact: ImpactFacts | None, *, is_first: bool
) -> list[Figure]:
    """Quality, reliability, cost and speed; the cost is known from the blast radius before."""
    if evidence is None:
        names = ("Quality", "Reliability", "Cost", "Speed")
        missing = [Figure(name, "Not evaluated yet", "", "missing", "") for name in names]
        missing[2] = _estimated_cost(impact)
        return missing
    return [_figure(name, one, is_first) for name, one in evidence.in_short]


def _compared(one: Comparison, labels: Mapping[str, str]) -> Regression:
    scope = _class(one, labels) if one.is_of_a_class else "All requests"
    more = f"{one.change} (95% interval {one.interval}) on {number(one.n)} requests"
    return Regression(one.label, scope, one.before, one.after, more)


def _class(one: Comparison, labels: Mapping[str, str]) -> str:
    return f"Class {labels.get(one.class_key, one.class_key)}"


def _lost_fallbacks(impact: ImpactFacts | None) -> list[Regression]:
    if impact is None or not impact.fallback_lost:
        return []
    share = percent(impact.fallback_lost)
    scope = f"Of {number(impact.looked_at)} requests"
    return [Regression("Lost fallbacks", scope, "", share, "no other model is tried any more")]


def _failed_calls(evidence: EvidenceFacts | None) -> list[Regression]:
    """Counted, without an interval: retries and fallbacks may have answered nevertheless."""
    if evidence is None or evidence.failed_calls[1] <= evidence.failed_calls[0]:
        return []
    before, after = evidence.failed_calls
    more = "attempts, also those that a retry or a fallback made good"
    return [Regression("Failed calls", "All requests", number(before), number(after), more)]


def _phrases(evidence: EvidenceFacts, labels: Mapping[str, str]) -> dict[str, str]:
    """Layer → what of it gets worse, for each layer of which something does."""
    found = {layer: evidence.worse_in(layer) for layer in LAYERS}
    return {layer: _phrase(layer, worse, labels) for layer, worse in found.items() if worse}


def _phrase(layer: str, worse: Sequence[Comparison], labels: Mapping[str, str]) -> str:
    """The metric where it is one alone, else the layer; the class where it is one alone."""
    metrics = {_lowered(one.label) for one in worse}
    (what,) = metrics if len(metrics) == 1 else (LAYERS[layer],)
    classes = {_lowered(_class(one, labels)) if one.is_of_a_class else "" for one in worse}
    (only,) = classes if len(classes) == 1 else ("",)
    return f"{what} in {only}" if only else what


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]


def _layers(phrases: Mapping[str, str]) -> str:
    *others, last = phrases.values()
    said = f"{', '.join(others)} and {last}" if others else last
    return f"{said} {'get' if others else 'gets'} worse"


def _support(evidence: EvidenceFacts) -> list[str]:
    """How much the evaluation rests on, and how much of it could be chance."""
    support = evidence.support
    said = [
        f"{number(support['requests'])} requests in {number(support['clusters'])} conversations"
    ]
    some = number(support["moved"]) if support["moved"] else "none"
    moved = f"{some} of them are treated differently"
    if support["moved"] and support.get("effective_clusters") is not None:
        worth = number(math.floor(support["effective_clusters"]))  # held against a least
        moved += f", which count as {worth} independent conversations"
    said.append(moved)
    for part in support.get("unreached", ()):
        said.append(f"no request reaches {part['words']}")
    if support["unsupported"]:
        said.append(f"{number(support['unsupported'])} go to a model that was not recorded")
    if evidence.worse:
        chance = max(1, round(evidence.compared * CHANCE))
        said.append(
            f"{number(evidence.compared)} comparisons, of which about {chance} would look worse "
            "by chance alone"
        )
    return said


def _is_unmoved(support: Mapping[str, Any]) -> bool:
    return not support["moved"] and not support.get("proved_alike")


def _figure(name: str, one: Comparison, is_first: bool) -> Figure:
    if is_first:
        return Figure(name, one.after, f"{one.label}; nothing to compare with", "", "")
    verdict, word = DIRECTIONS[one.direction]
    if one.direction == "unknown":
        return Figure(name, "Too few to tell" if one.n else word, one.label, verdict, "")
    text = one.after if one.before == one.after else f"{one.before} → {one.after}"
    more = one.label
    if one.change != "0":
        relative = f", {one.relative}" if one.metric == "mean_cost_usd" else ""
        more = f"{one.label}: {one.change}{relative} (95% interval {one.interval})"
    return Figure(name, text, more, verdict, word)


def _estimated_cost(facts: ImpactFacts | None) -> Figure:
    """From the blast radius, until an evaluation has replayed retries and fallbacks, too."""
    name, href = "Cost", "#impact-title"
    if facts is None:
        return Figure(name, "Not measured yet", "", "missing", "", href)
    if facts.cost_change is None:
        text = "Nothing to compare with" if facts.is_first_release else "Not known"
        return Figure(name, text, "", "missing", "", href)
    if not facts.cost_change:
        return Figure(name, "The same per request", "", "pass", "No change", href)
    words = "more" if facts.cost_change > 0 else "less"
    usd = facts.cost_change_usd
    more = "" if usd is None else f"{money(usd * 1000)} per 1,000 requests"
    text = f"{percent(abs(facts.cost_change))} {words} per request"
    return Figure(name, text, more, "", "", href)
