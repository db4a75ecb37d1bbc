"""Rule lists as ordered unions of boxes, and which requests reach which rule.

A question is a box and a set of covers, an integer with a bit for each: is there a request in the
box and in none of the covers? For the classification the solver answers it. For the policy the
request's class has to be the one that the classification gives it; ``Classes`` answers with that.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from ..bundle import Bundle
from ..classification import RequestClassification
from ..conditions import Box, Condition, In, Range
from .regions import CLASSIFICATION, POLICY
from .route_effects import effect_of
from .solver import Solver
from .space import Cover, Space


class Requests(Protocol):
    """Who answers such questions."""

    def ask(self, box: int, covers: int) -> int | None:
        """A free box within the first, outside all of the others; None where there is none."""

    def widened(self, found: int, within: int, covers: int) -> int:
        """A free box made as wide as it can be, so that its requests need few attributes."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the analysis sees it. Rules with equal outcomes do the same."""

    id: str
    index: int
    boxes: tuple[Cover, ...]
    outcome: Hashable

    @property
    def covers(self) -> int:
        """The set of its boxes."""
        return together(self.boxes)


@dataclass(frozen=True)
class RuleList:
    """Rules in order. ``prelude`` decides before them and is no author's: what the router's own
    classifier is sure of. ``default`` is the outcome where no rule holds.
    """

    component: str
    solver: Solver = field(repr=False)
    rules: tuple[Rule, ...]
    default: Hashable
    requests: Requests = field(repr=False)
    prelude: tuple[Rule, ...] = ()

    @property
    def space(self) -> Space:
        return self.solver.space

    @cached_property
    def _before(self) -> list[int]:
        """The covers before each rule, and at last all.

        Boxes within an earlier one are left out: they take nothing more away.
        """
        so_far, found = 0, []
        for rule in (*self.prelude, *self.rules):
            found.append(so_far)
            for cover in rule.boxes:
                if not self.solver.holding(cover.box) & so_far:
                    so_far |= cover.bit
        return [*found[len(self.prelude) :], so_far]

    def before(self, rule: Rule) -> int:
        """The boxes that decide before a rule is asked."""
        return self._before[rule.index]

    def all_covers(self) -> int:
        return self._before[-1]

    def ask(self, box: int, covers: int) -> int | None:
        return self.requests.ask(box, covers)

    def ask_any(self, boxes: Iterable[Cover], covers: int) -> int | None:
        """A free box in any of the boxes."""
        return next(self.ask_each(boxes, covers), None)

    def ask_each(self, boxes: Iterable[Cover], covers: int) -> Iterator[int]:
        """A free box of each of the boxes that has one."""
        for cover in boxes:
            found = self.ask(cover.box, covers)
            if found is not None:
                yield found


def together(covers: Iterable[Cover]) -> int:
    """Covers as a set."""
    found = 0
    for cover in covers:
        found |= cover.bit
    return found


def boxes_of(space: Space, condition: Condition) -> tuple[Cover, ...]:
    """The boxes of a condition that some request can be in, without repetition."""
    return tuple(dict.fromkeys(cover for box in condition.boxes for cover in space.covers_of(box)))


def space_of(bundle: Bundle) -> Space:
    """The space of everything that conditions of a bundle mention."""
    classification = bundle.request_classification
    conditions = [rule.when for rule in classification.rules]
    conditions += [rule.when for rule in bundle.router_policy.rules]
    boxes = [box for condition in conditions for box in condition.boxes]
    boxes += [box for box, _ in provided_boxes(classification)]
    return Space(classification.policy_vocabulary, boxes)


def provided_boxes(classification: RequestClassification) -> list[tuple[Box, str]]:
    """Where the router's own classifier says the class, and which."""
    provided = classification.provided
    if provided is None:
        return []
    sure = (provided.confidence_attribute, Range(gte=provided.min_confidence))
    return [
        (Box(((provided.attribute, In((key,))), sure)), key) for key in classification.class_keys
    ]


def class_rules(bundle: Bundle, solver: Solver) -> RuleList:
    """The rules of the classification; their outcomes are classes."""
    classification, space = bundle.request_classification, solver.space
    provided = enumerate(provided_boxes(classification))
    return RuleList(
        component=CLASSIFICATION,
        solver=solver,
        rules=tuple(
            Rule(rule.id, index, boxes_of(space, rule.when), rule.class_key)
            for index, rule in enumerate(classification.rules)
        ),
        default=classification.default_class,
        requests=solver,
        prelude=tuple(
            Rule("", index, boxes_of(space, Condition((box,))), key)
            for index, (box, key) in provided
        ),
    )


def policy_rules(bundle: Bundle, solver: Solver, requests: Requests) -> RuleList:
    """The rules of the policy; their outcomes are what their routes do."""
    policy, catalogue, space = bundle.router_policy, bundle.catalogue, solver.space
    return RuleList(
        component=POLICY,
        solver=solver,
        rules=tuple(
            Rule(
                rule.id,
                index,
                boxes_of(space, rule.when),
                effect_of(catalogue, rule.route, policy.default),
            )
            for index, rule in enumerate(policy.rules)
        ),
        default=effect_of(catalogue, policy.default, policy.default),
        requests=requests,
    )
