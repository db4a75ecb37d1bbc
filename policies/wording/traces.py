"""A trace in words: each rule with why it did or did not match, candidates, chains. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from policies.engine import Trace
from policies.engine.decision import NO_SPLIT_KEY
from policies.engine.trace import (
    FAILED,
    MATCHED,
    AttributeTrace,
    BoxTrace,
    CandidateTrace,
    FailureTrace,
    Hop,
    ProvidedTrace,
    RouteTrace,
    RuleTrace,
    TestTrace,
)
from policies.wording import sentences
from policies.wording.numbers import money
from policies.wording.sentences import Part, Parts, Units, condition_parts, shown

# Of more rules than these that did not match, the ones farther up are folded.
SHOWN_FAILED = 12
OUTCOMES = {MATCHED: "Matched", FAILED: "Did not match"}
STANDINGS = {
    "given": "given",
    "derived": "from the prompt",
    "missing": "missing",
    "unusable": "ignored",
    "undeclared": "ignored",
}
UNCHECKED = {
    NO_SPLIT_KEY: (
        "The split had no key: the request says neither what conversations are kept together by "
        "nor a request id, so all such requests get the same model."
    ),
    "max_cost_usd": (
        "The cost limit was applied to what is known only: a size or a price is unknown."
    ),
    "fits_context": (
        "Room in the context window was checked for what is known only: a size is unknown."
    ),
}


@dataclass(frozen=True)
class TestWords:
    """One test: what it asks, and what it met."""

    parts: Parts
    actual: str
    holds: bool


@dataclass(frozen=True)
class RuleWords:
    """One rule: its number, id, address, outcome, what it gives, and the tests that settled it;
    a rule without tests always matches.
    """

    number: int
    id: str
    url: str
    matched: bool
    word: str
    parts: Parts
    alternatives: list[list[TestWords]]


@dataclass(frozen=True)
class RuleListWords:
    """A list of rules as it was gone through."""

    folded: list[RuleWords]
    tried: list[RuleWords]
    untried: int
    total: int

    @property
    def winner(self) -> RuleWords | None:
        return next((rule for rule in self.tried if rule.matched), None)


@dataclass(frozen=True)
class CandidateWords:
    """``place`` is 1 for the chosen one, None for one that is excluded."""

    model: str
    place: int | None
    word: str
    share: float | None
    cost: str
    reasons: list[str]


@dataclass(frozen=True)
class RouteWords:
    name: str
    candidates: list[CandidateWords]
    bucket: float | None
    key: str
    held: str
    unchecked: list[str]
    has_shares: bool


@dataclass(frozen=True)
class ChainWords:
    """What several failure kinds have in common."""

    kinds: list[str]
    stops: list[dict[str, Any]]
    end: str


def actual_text(value: object, unit: str = "") -> str:
    """``it is 12 tokens``, or ``it is missing``."""
    if value is None:
        return "it is missing"
    if isinstance(value, bool):
        return f"it is {'true' if value else 'false'}"
    if isinstance(value, tuple):
        return f"it is {sentences.listed(list(value), 'and')}" if value else "it is empty"
    return f"it is {shown(value)} {unit}".rstrip()


def rule_list_words(
    kind: str,
    traces: Sequence[RuleTrace],
    raw_rules: Sequence[Mapping[str, Any]],
    units: Units,
    address: Callable[[int], str],
) -> RuleListWords:
    """Rules that were tried, each with its sentence, and how many were not. ``address`` says
    where the rule of an index is shown.
    """
    tried = [
        RuleWords(
            number=number,
            id=trace.id,
            url=address(number - 1),
            matched=trace.outcome == MATCHED,
            word=OUTCOMES[trace.outcome],
            parts=_result(kind, raw),
            alternatives=_alternatives(trace, units),
        )
        for number, (trace, raw) in enumerate(zip(traces, raw_rules, strict=True), start=1)
        if trace.outcome in OUTCOMES
    ]
    fold = max(0, len(tried) - SHOWN_FAILED)
    return RuleListWords(tried[:fold], tried[fold:], len(traces) - len(tried), len(traces))


def _result(kind: str, raw: Mapping[str, Any]) -> Parts:
    if kind == "router_policy":
        return [Part("→", "then"), *sentences.route_parts(raw.get("route"))]
    return [Part("→", "then"), Part(shown(raw.get("class")), "result")]


def _alternatives(trace: RuleTrace, units: Units) -> list[list[TestWords]]:
    """For a rule that matched the box that holds, else of every box the tests that do not."""
    if trace.outcome == MATCHED:
        held = next((box for box in trace.boxes if box.holds), None)
        return [_tests(held, units)] if held else []
    return [[test for test in _tests(box, units) if not test.holds] for box in trace.boxes]


def _tests(box: BoxTrace, units: Units) -> list[TestWords]:
    return [_test(test, units) for test in box.tests]


def _test(test: TestTrace, units: Units) -> TestWords:
    asked = condition_parts({test.attribute: test.constraint.to_json()}, units)
    return TestWords(asked, actual_text(test.actual, units.get(test.attribute, "")), test.holds)


def provided_sentence(provided: ProvidedTrace | None) -> str:
    """Whether the classifier at the router settled the class; empty where there is none."""
    if provided is None:
        return ""
    offered, least = shown(provided.offered), f"{provided.min_confidence:g}"
    return {
        "used": f"The router’s classifier offered “{offered}” with confidence "
        f"{shown(provided.confidence)}, at least the {least} asked for. No rule was tried.",
        "absent": f"No class was offered ({provided.attribute} is missing), so the rules decide.",
        "unknown_class": f"The class offered, “{offered}”, is not one of the workflow’s; "
        "the rules decide.",
        "no_confidence": f"“{offered}” was offered without a confidence "
        f"({provided.confidence_attribute} is missing); the rules decide.",
        "low_confidence": f"“{offered}” was offered with confidence {shown(provided.confidence)}, "
        f"below the {least} asked for; the rules decide.",
    }[provided.standing]


def headline(trace: Trace) -> Parts:
    """``simple → swift-small``."""
    decision = trace.decision
    model = Part(decision.model, "result") if decision.model else Part("refused", "value")
    return [Part(decision.class_key, "name"), Part("→", "then"), model]


def route_words(trace: Trace, route: RouteTrace) -> RouteWords:
    weighted = route.select == "weighted"
    shares = sentences.weight_shares(
        [{"model": entry.model, "weight": entry.weight} for entry in route.candidates]
    )
    candidates = [
        _candidate(entry, share if weighted else None, route.select)
        for entry, share in zip(route.candidates, shares, strict=True)
    ]
    name = "the default route" if route.rule == "default" else f"rule {route.rule}"
    return RouteWords(
        name=name,
        candidates=sorted(candidates, key=lambda entry: (entry.place is None, entry.place or 0)),
        bucket=route.bucket,
        key=trace.split_key,
        held=_held(route.holders),
        unchecked=[UNCHECKED.get(name, name) for name in route.unchecked],
        has_shares=weighted,
    )


def _held(holders: Sequence[str]) -> str:
    """Whose a key is by the weights that a split had one after the other, and since when."""
    if not holders:
        return ""
    changes = len(holders) - 1
    moves = [
        f"change {number} of {changes} moved it to {new}"
        for number, (old, new) in enumerate(pairwise(holders), start=1)
        if new != old
    ]
    since = sentences.listed(moves, "and") if moves else "no change of weights since moved it"
    return f"The oldest weights deal it to {holders[0]}; {since}."


def _candidate(entry: CandidateTrace, share: float | None, select: str) -> CandidateWords:
    words = {None: "Excluded", 1: "Chosen"}
    cost = "" if entry.cost_usd is None else money(entry.cost_usd)
    if not cost and entry.typical_cost_usd is not None and select == "cheapest":
        cost = f"{money(entry.typical_cost_usd)} at typical sizes"
    return CandidateWords(
        model=entry.model,
        place=entry.place,
        word=words.get(entry.place, f"Kept, {_ordinal(entry.place or 0)}"),
        share=share,
        cost=cost,
        reasons=[reason.sentence for reason in entry.reasons],
    )


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


def chain_words(failures: Iterable[FailureTrace]) -> list[ChainWords]:
    """Failure kinds in groups that go the same way; longest chains first."""
    ways: dict[tuple[Any, ...], list[FailureTrace]] = {}
    for failure in failures:
        hops = tuple((hop.model, hop.tries) for hop in failure.hops)
        ways.setdefault((hops, failure.end.sentence, failure.unreached), []).append(failure)
    groups = sorted(ways.values(), key=lambda alike: -len(alike[0].hops))
    return [_chain(alike) for alike in groups]


def _chain(alike: list[FailureTrace]) -> ChainWords:
    first = alike[0]
    stops = [{"label": hop.model, "why": _tries(hop), "excluded": False} for hop in first.hops]
    stops += [{"label": model, "why": "not reached", "excluded": True} for model in first.unreached]
    kinds = [failure.kind.replace("_", " ") for failure in alike]
    return ChainWords(kinds, stops, first.end.sentence)


def _tries(hop: Hop) -> str:
    if hop.tries == 1:
        return ""
    waits = [f"{round(wait)} ms" for wait, _ in groupby(hop.waits_ms)]
    return f"{hop.tries} tries, waits {', '.join(waits)}"


def attribute_words(trace: AttributeTrace, unit: str) -> tuple[str, str, str]:
    """(name, value, standing in words)."""
    value = "–" if trace.value is None else actual_text(trace.value, unit).removeprefix("it is ")
    return trace.name, value, STANDINGS[trace.standing]
