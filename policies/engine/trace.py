"""Why a decision came out as it did: every attribute, rule, candidate and fallback in turn.

``explain`` walks with ``decide`` (they share ``walk``) and adds what a decision leaves out. What
it says is data that a page or a program can put into words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass

from .bundle import Bundle
from .chain import Attempt, NextAttempt, Stop, full_chain, next_attempt
from .classification import ClassRule, RequestClassification
from .conditions import Box, Condition, Constraint, Value
from .decision import (
    TYPICAL_INPUT_TOKENS,
    TYPICAL_OUTPUT_TOKENS,
    Choice,
    Decision,
    Walk,
    exclusions,
    walk,
)
from .errors import pointer_token
from .fallback import FAILURE_KINDS
from .request import Request, check_request
from .routing import Candidate, PolicyRule, Route
from .suitability import Exclusion, Requirements, estimated_cost

MATCHED, FAILED, NOT_TRIED = "matched", "failed", "not_tried"
TYPICAL = Requirements(input_tokens=TYPICAL_INPUT_TOKENS, max_output_tokens=TYPICAL_OUTPUT_TOKENS)


@dataclass(frozen=True, slots=True)
class AttributeTrace:
    """What became of one attribute. ``standing``: given, derived (from the prompt), missing,
    unusable (of a wrong type or value) or undeclared; the last two count as missing and
    ``trouble`` says why. Of a set that is given it says what is left out. ``value`` is what
    conditions see.
    """

    name: str
    standing: str
    value: Value | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ProvidedTrace:
    """What became of the class that the router's classifier offered. ``standing``: used, absent,
    unknown_class, no_confidence or low_confidence.
    """

    standing: str
    attribute: str
    offered: Value | None
    confidence_attribute: str
    confidence: Value | None
    min_confidence: float


@dataclass(frozen=True, slots=True)
class TestTrace:
    """One constraint of a rule, the value it met and whether it holds."""

    attribute: str
    constraint: Constraint
    actual: Value | None
    holds: bool


@dataclass(frozen=True, slots=True)
class BoxTrace:
    """Constraints that must all hold; a rule needs one such box."""

    holds: bool
    tests: tuple[TestTrace, ...]


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule in its turn. ``outcome``: matched, failed, or not_tried, since the class was
    provided or an earlier rule matched. ``boxes`` are empty for rules not tried.
    """

    id: str
    outcome: str
    boxes: tuple[BoxTrace, ...] = ()


@dataclass(frozen=True, slots=True)
class CandidateTrace:
    """One candidate of a route. ``place`` counts from 1, which is chosen; None is excluded, for
    all of ``reasons``. Costs are USD of one attempt at full output: at the request's own sizes,
    and at the typical sizes that "cheapest" takes where a request does not say its own.
    """

    model: str
    weight: float
    place: int | None
    reasons: tuple[Exclusion, ...]
    cost_usd: float | None
    typical_cost_usd: float | None


@dataclass(frozen=True, slots=True)
class RouteTrace:
    """One route that was asked, with every candidate, in the order of the document. ``holders``
    are the models that the key belonged to by each of a split's weights, the present ones last;
    empty for a split without earlier weights, and for other routes.
    """

    rule: str
    select: str
    on_no_candidate: str
    candidates: tuple[CandidateTrace, ...]
    bucket: float | None
    holders: tuple[str, ...]
    unchecked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hop:
    """One target of a chain, how often it is tried, and this request's wait before each retry."""

    model: str
    tries: int
    waits_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FailureTrace:
    """What happens if every attempt fails at once with ``kind``: the hops that are made, why the
    chain ends, and the targets that a limit keeps it from reaching.
    """

    kind: str
    hops: tuple[Hop, ...]
    end: Stop
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """A decision with everything that led to it."""

    decision: Decision
    attributes: tuple[AttributeTrace, ...]
    provided: ProvidedTrace | None
    class_rules: tuple[RuleTrace, ...]
    policy_rules: tuple[RuleTrace, ...]
    routes: tuple[RouteTrace, ...]
    failures: tuple[FailureTrace, ...]
    split_key: str

    def to_json(self) -> dict[str, object]:
        """The trace as plain JSON, members named as the fields are."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


def explain(bundle: Bundle, request: Request) -> Trace:
    """The decision of ``decide`` with its reasons. Total and deterministic, as ``decide`` is."""
    found = walk(bundle, request)
    decision, values = found.decision, found.values
    classification, policy = bundle.request_classification, bundle.router_policy
    provided = decision.class_source == "provided"
    return Trace(
        decision=decision,
        attributes=_attributes(bundle, request, values),
        provided=_provided(classification, found),
        class_rules=_rules(classification.rules, decision.class_rule, values, skipped=provided),
        policy_rules=_rules(
            policy.rules, decision.policy_rule, {**values, "class": decision.class_key}
        ),
        routes=tuple(
            _route(bundle, rule_id, route, choice, found.split_key)
            for rule_id, route, choice in found.routes
        ),
        failures=tuple(_failure(bundle, decision, request, kind) for kind in FAILURE_KINDS)
        if decision.model is not None
        else (),
        split_key=found.split_key,
    )


def _attributes(
    bundle: Bundle, request: Request, values: Mapping[str, Value]
) -> tuple[AttributeTrace, ...]:
    """Declared attributes in their order, then what the request says beyond them."""
    declared = bundle.request_classification.declared
    said = {problem.pointer: problem.message for problem in check_request(bundle, request)}
    traces = []
    for name in (*declared, *(name for name in request.attributes if name not in declared)):
        trouble = said.get("/attributes" + pointer_token(name), "")
        derived = (
            name in declared
            and declared[name].derived_from is not None
            and isinstance(request.prompt, str)
        )
        if name not in declared:
            traces.append(AttributeTrace(name, "undeclared", trouble=trouble))
        elif derived:
            traces.append(AttributeTrace(name, "derived", values[name]))
        elif trouble and name not in values:
            traces.append(AttributeTrace(name, "unusable", trouble=trouble))
        else:
            standing = "given" if name in values else "missing"
            traces.append(AttributeTrace(name, standing, values.get(name), trouble))
    return tuple(traces)


def _provided(classification: RequestClassification, found: Walk) -> ProvidedTrace | None:
    provided = classification.provided
    if provided is None:
        return None
    offered = found.values.get(provided.attribute)
    confidence = found.values.get(provided.confidence_attribute)
    if found.decision.class_source == "provided":
        standing = "used"
    elif offered is None:
        standing = "absent"
    elif offered not in classification.class_keys:
        standing = "unknown_class"
    else:
        standing = "no_confidence" if confidence is None else "low_confidence"
    return ProvidedTrace(
        standing,
        provided.attribute,
        offered,
        provided.confidence_attribute,
        confidence,
        provided.min_confidence,
    )


def _rules(
    rules: Iterable[ClassRule | PolicyRule],
    winner: str | None,
    values: Mapping[str, Value],
    *,
    skipped: bool = False,
) -> tuple[RuleTrace, ...]:
    traces = []
    for rule in rules:
        if skipped:
            traces.append(RuleTrace(rule.id, NOT_TRIED))
            continue
        skipped = rule.id == winner
        outcome = MATCHED if skipped else FAILED
        traces.append(RuleTrace(rule.id, outcome, _boxes(rule.when, values)))
    return tuple(traces)


def _boxes(when: Condition, values: Mapping[str, Value]) -> tuple[BoxTrace, ...]:
    return tuple(BoxTrace(box.holds(values), _tests(box, values)) for box in when.boxes)


def _tests(box: Box, values: Mapping[str, Value]) -> tuple[TestTrace, ...]:
    return tuple(
        TestTrace(name, constraint, values.get(name), constraint.holds(values.get(name)))
        for name, constraint in box.tests
    )


def _route(bundle: Bundle, rule_id: str, route: Route, choice: Choice, key: str) -> RouteTrace:
    has_moved = route.select == "weighted" and bool(route.steps)
    return RouteTrace(
        rule=rule_id,
        select=route.select,
        on_no_candidate=route.on_no_candidate,
        candidates=tuple(_candidate(bundle, route, entry, choice) for entry in route.candidates),
        bucket=choice.bucket,
        holders=route.dealt(key).holders if has_moved else (),
        unchecked=choice.unchecked,
    )


def _candidate(
    bundle: Bundle, route: Route, candidate: Candidate, choice: Choice
) -> CandidateTrace:
    name = candidate.model
    model = bundle.catalogue.models.get(name)
    return CandidateTrace(
        model=name,
        weight=candidate.weight,
        place=choice.models.index(name) + 1 if name in choice.models else None,
        reasons=tuple(exclusions(bundle.catalogue, route, candidate, choice.requirements)),
        cost_usd=None if model is None else estimated_cost(model, choice.requirements),
        typical_cost_usd=None if model is None else estimated_cost(model, TYPICAL),
    )


def _failure(bundle: Bundle, decision: Decision, request: Request, kind: str) -> FailureTrace:
    attempts: list[Attempt] = []
    waits: dict[str, list[int]] = {}
    while True:
        step = next_attempt(bundle, decision, attempts, request_id=str(request.request_id))
        if isinstance(step, Stop):
            break
        _note(waits, step)
        attempts.append(Attempt(step.model, kind))
    primary = decision.model or ""
    planned = full_chain(bundle, decision.class_key, primary, kind, decision.requirements)
    return FailureTrace(
        kind=kind,
        hops=tuple(Hop(model, len(found), tuple(found[1:])) for model, found in waits.items()),
        end=step,
        unreached=tuple(target for target in planned if target not in waits),
    )


def _note(waits: dict[str, list[int]], step: NextAttempt) -> None:
    waits.setdefault(step.model, []).append(step.wait_ms)


def _plain(value: object) -> object:
    if isinstance(value, Constraint):
        return value.to_json()
    if isinstance(value, tuple) and (names := getattr(value, "_fields", None)):  # a named tuple
        return {name: _plain(member) for name, member in zip(names, value, strict=True)}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
