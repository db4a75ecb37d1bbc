"""Findings about classes: never assigned, without a rule of the policy, measured in vain."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..bundle import Bundle
from ..metrics import EVALUATION, METRICS, SCORECARD
from ..reading import quoted
from ..thresholds import (
    ANY_CLASS,
    GATE_MIN_CONFIDENCE,
    GATE_MIN_SAMPLES,
    THRESHOLD_KEYS,
    Threshold,
)
from .findings import ERROR, INFO, WARNING, Finding, name_of
from .regions import POLICY, Region
from .rule_lists import RuleList
from .undecided import Ledger
from .witnesses import witness_in


def unassigned_classes(bundle: Bundle, policy: RuleList, ledger: Ledger) -> list[str]:
    """Classes that no request gets; one that could not be decided counts as assigned."""
    found = []
    for key in bundle.request_classification.class_keys:
        with ledger.question("class_never_assigned", "request_classification", key):
            if policy.ask(policy.space.of_class([key]), 0) is None:
                found.append(key)
    return found


def class_findings(
    bundle: Bundle, policy: RuleList, unassigned: Collection[str], ledger: Ledger
) -> Iterator[Finding]:
    """Classes never assigned, and classes for which no rule of the policy ever holds."""
    for index, entry in enumerate(bundle.request_classification.classes):
        pointer = f"/request_classification/classes/{index}"
        if entry.key in unassigned:
            yield _never_assigned(bundle, entry.key, pointer)
            continue
        with ledger.question("class_without_rule", "router_policy", entry.key):
            box = _never_matched(policy, entry.key)
            if box is not None:
                yield Finding(
                    kind="class_without_rule",
                    name=name_of("class_without_rule", entry.key),
                    severity=WARNING if entry.risk == "high" else INFO,
                    pointer=pointer,
                    sentence=(
                        f'No rule of the policy ever holds for class "{entry.key}" '
                        f"({entry.risk} risk); all its requests get the default route."
                    ),
                    related=("/router_policy/default",),
                    witness=witness_in(policy.space, box, complete=True),
                    region=Region(POLICY, classes=(entry.key,)),
                )


def _never_assigned(bundle: Bundle, key: str, pointer: str) -> Finding:
    classification = bundle.request_classification
    rules = [rule for rule in classification.rules if rule.class_key == key]
    why = "no rule names it" if not rules else "its rules are never reached"
    if key == classification.default_class:
        why = "it is the default, but the other rules leave nothing to it"
    return Finding(
        kind="class_never_assigned",
        name=name_of("class_never_assigned", key),
        severity=WARNING,
        pointer=pointer,
        sentence=f'No request is ever given class "{key}": {why}.',
        rules=tuple(rule.id for rule in rules),
        region=Region(POLICY, classes=(key,)),
    )


def misplaced_thresholds(bundle: Bundle) -> Iterator[Finding]:
    """Thresholds whose metric is not measured where they would be judged."""
    for index, threshold in enumerate(bundle.quality_thresholds.thresholds):
        metric, is_gate = METRICS.get(threshold.metric), threshold.effect == "gate"
        if metric is None or (EVALUATION if is_gate else SCORECARD) in metric.measured_in:
            continue
        only, where = ("the scorecard", "evaluations") if is_gate else ("evaluations", "outcomes")
        sentence = (
            f'"{threshold.id}" is never judged: only {only} can measure {metric.name}, and the '
            f"effect {threshold.effect} is judged on {where}."
        )
        pointer = f"/quality_thresholds/thresholds/{index}"
        yield _about(threshold, "unjudged", WARNING, pointer, sentence)


def _never_matched(policy: RuleList, key: str) -> int | None:
    """Requests of a class that no rule of the policy holds for, if none ever does."""
    of_class = policy.space.of_class([key])
    for rule in policy.rules:
        for cover in rule.boxes:
            within = cover.box & of_class
            if policy.space.is_box(within) and policy.ask(within, 0) is not None:
                return None
    found = policy.ask(of_class, 0)
    return None if found is None else policy.requests.widened(found, of_class, 0)


def threshold_findings(bundle: Bundle, unassigned: Collection[str]) -> Iterator[Finding]:
    """Thresholds that can never be measured, and gates that ask for too little evidence."""
    classes = bundle.request_classification.class_keys
    for index, threshold in enumerate(bundle.quality_thresholds.thresholds):
        pointer = f"/quality_thresholds/thresholds/{index}"
        if threshold.metric not in METRICS:
            sentence = f'"{threshold.metric}" is not a metric; there are {quoted(METRICS)}.'
            yield _about(threshold, "metric", ERROR, pointer, sentence)
        if threshold.effect == "gate":
            yield from _below_floors(threshold, pointer)
        key = threshold.class_key
        if key == ANY_CLASS:
            continue
        if key not in classes:
            sentence = f'"{key}" is not a class; there are {quoted(classes)}.'
            yield _about(threshold, "class", ERROR, pointer, sentence)
        elif key in unassigned:
            yield _about(
                threshold,
                "unmeasurable",
                WARNING if threshold.effect == "gate" else INFO,
                pointer,
                f'"{threshold.id}" can never be measured: no request is given class "{key}".',
            )


def _below_floors(threshold: Threshold, pointer: str) -> Iterator[Finding]:
    """An error, as it can be mended; a router still reads what was stored before."""
    for what, asked, least in (
        ("confidence", threshold.confidence, GATE_MIN_CONFIDENCE),
        ("min_samples", threshold.min_samples, GATE_MIN_SAMPLES),
    ):
        if asked < least:
            sentence = (
                f'Gate "{threshold.id}" asks for {what} {asked:g}; a gate needs at least '
                f"{least:g}, and is judged with that."
            )
            yield _about(threshold, what, ERROR, pointer, sentence)


def _about(threshold: Threshold, what: str, severity: str, pointer: str, sentence: str) -> Finding:
    return Finding(
        kind=f"threshold_{what}",
        name=name_of(f"threshold_{what}", threshold.id),
        severity=severity,
        pointer=f"{pointer}/{what}" if what in THRESHOLD_KEYS else pointer,
        sentence=sentence,
    )
