"""The same questions answered by trying every kind of request: slow, and hard to get wrong."""

import itertools
import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property

from policies.engine import Bundle, Request, classify
from policies.engine.analysis.route_effects import effect_of
from policies.engine.attributes import Attribute
from policies.engine.conditions import Condition, Has, In, NotIn, Range, Value
from policies.engine.request import resolve

Pair = tuple[str, str]


def _conditions(bundle: Bundle) -> list[Condition]:
    classification, policy = bundle.request_classification, bundle.router_policy
    return [
        *(rule.when for rule in classification.rules),
        *(rule.when for rule in policy.rules),
    ]


def _values(bundle: Bundle, attribute: Attribute) -> list[Value | None]:
    """Every mentioned value, one that is not, each bound with both neighbours, and none."""
    tests = [
        constraint
        for condition in _conditions(bundle)
        for box in condition.boxes
        for name, constraint in box.tests
        if name == attribute.name
    ]
    if attribute.type == "flag":
        return [None, True, False]
    if attribute.type == "category":
        named = [v for test in tests if isinstance(test, In | NotIn) for v in test.values]
        return [None, *(attribute.values or [*dict.fromkeys(named), "something else"])]
    if attribute.type == "set":
        named = [v for test in tests if isinstance(test, Has) for v in test.values]
        pool = attribute.values or [*dict.fromkeys(named), "something else"]
        sizes = range(len(pool) + 1)
        return [None, *(held for size in sizes for held in itertools.combinations(pool, size))]
    provided = bundle.request_classification.provided
    bounds = {
        float(bound)
        for test in tests
        if isinstance(test, Range)
        for bound in (test.gte, test.gt, test.lt, test.lte)
        if bound is not None
    }
    if provided and attribute.name == provided.confidence_attribute:
        bounds |= {float(provided.min_confidence), 1.0, 70.0}
    beside = {math.nextafter(b, way) for b in bounds for way in (-math.inf, math.inf)}
    return [None, *sorted(bounds | beside | {0.0})]


def cells(bundle: Bundle) -> int:
    declared = bundle.request_classification.declared.values()
    return math.prod(len(_values(bundle, attribute)) for attribute in declared)


def every_request(bundle: Bundle) -> Iterator[Request]:
    declared = bundle.request_classification.declared
    pools = [_values(bundle, attribute) for attribute in declared.values()]
    for combination in itertools.product(*pools):
        yield Request(attributes=dict(zip(declared, combination, strict=True)))


@dataclass(frozen=True)
class Tried:
    """One rule list over all requests: the rules that hold for each, in order.

    ``outcomes`` maps rule ids, and "" for the default, to what they do. For the classification,
    ``provided`` holds the class that the router's classifier is sure of, else None.
    """

    outcomes: dict[str, Hashable]
    holding: list[tuple[str, ...]]
    provided: list[str | None]

    @cached_property
    def rows(self) -> list[tuple[tuple[str, ...], str | None]]:
        return list(zip(self.holding, self.provided, strict=True))

    @cached_property
    def reached(self) -> set[str]:
        return {rules[0] for rules, given in self.rows if rules and given is None}

    def _outcome(self, rules: tuple[str, ...], given: str | None) -> Hashable:
        return given if given is not None else self.outcomes[rules[0] if rules else ""]

    def unsatisfiable(self) -> set[str]:
        return set(self.outcomes) - {""} - {rule for rules in self.holding for rule in rules}

    def shadowed(self) -> dict[str, bool]:
        """Rule → whether some of its requests get another outcome than it asks for."""
        dead = set(self.outcomes) - {""} - self.reached - self.unsatisfiable()
        return {
            rule: any(
                self._outcome(rules, given) != self.outcomes[rule]
                for rules, given in self.rows
                if rule in rules
            )
            for rule in dead
        }

    def overlaps(self) -> tuple[set[Pair], set[Pair]]:
        """(conflicts, exceptions) among reached rules."""
        together = {
            (rules[0], later)
            for rules, given in self.rows
            if given is None
            for later in rules[1:]
            if later in self.reached and self.outcomes[later] != self.outcomes[rules[0]]
        }
        exceptions = {
            (first, later)
            for first, later in together
            if all(later in rules for rules in self.holding if first in rules)
        }
        return together - exceptions, exceptions

    def redundant(self) -> set[str]:
        needed = {
            rules[0]
            for rules, given in self.rows
            if rules and given is None and self._outcome(rules[1:], None) != self.outcomes[rules[0]]
        }
        return self.reached - needed

    def has_gap(self) -> bool:
        return any(not rules and given is None for rules, given in self.rows)


@dataclass(frozen=True)
class Truth:
    """Everything about the rules of a bundle, by trying."""

    bundle: Bundle

    @cached_property
    def _tried(self) -> list[tuple[dict[str, Value], str, str]]:
        classification = self.bundle.request_classification
        found = []
        for request in every_request(self.bundle):
            values = resolve(classification, request)
            key, _, source = classify(classification, values)
            found.append((values, key, source))
        return found

    @cached_property
    def classification(self) -> Tried:
        rules = self.bundle.request_classification.rules
        outcomes: dict[str, Hashable] = {rule.id: rule.class_key for rule in rules}
        return Tried(
            {**outcomes, "": self.bundle.request_classification.default_class},
            [
                tuple(rule.id for rule in rules if rule.when.holds(values))
                for values, _, _ in self._tried
            ],
            [key if source == "provided" else None for _, key, source in self._tried],
        )

    @cached_property
    def policy(self) -> Tried:
        policy, catalogue = self.bundle.router_policy, self.bundle.catalogue
        outcomes = {
            rule.id: effect_of(catalogue, rule.route, policy.default) for rule in policy.rules
        }
        holding = [
            tuple(rule.id for rule in policy.rules if rule.when.holds({**values, "class": key}))
            for values, key, _ in self._tried
        ]
        default = effect_of(catalogue, policy.default, policy.default)
        return Tried({**outcomes, "": default}, holding, [None] * len(holding))

    def assigned(self) -> set[str]:
        return {key for _, key, _ in self._tried}

    def without_rule(self) -> set[str]:
        """Assigned classes for which no rule of the policy ever holds."""
        pairs = zip(self._tried, self.policy.holding, strict=True)
        return self.assigned() - {key for (_, key, _), rules in pairs if rules}
