"""Rule lists as ordered unions of boxes, and which requests reach which rule.

A question is a box and covers: is there a request in the one and in none of the others? For the
classification the solver answers it. For the policy the request's class has to be the one that
the classification gives it; ``Classes`` answers with that.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from policies.engine.analysis.regions import CLASSIFICATION, POLICY
from policies.engine.analysis.route_effects import effect_of
from policies.engine.analysis.solver import Solver
from policies.engine.analysis.space import Cover, Space
from policies.engine.bundle import Bundle
from policies.engine.classification import RequestClassification
from policies.engine.conditions import Box, Condition, In, Range


class Requests(Protocol):
    """Who answers such questions."""

    def ask(self, box: int, covers: Sequence[Cover]) -> int | None:
        """A free box within the first, outside all of the others; None where there is none."""

    def widened(self, found: int, within: int, covers: Sequence[Cover]) -> int:
        """A free box made as wide as it can be, so that its requests need few attributes."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the analysis sees it. Rules with equal outcomes do the same."""

    id: str
    index: int
    boxes: tuple[Cover, ...]
    outcome: Hashable


@dataclass(frozen=True)
class RuleList:
    """Rules in order. ``prelude`` decides before them and is no author's: what the router's own
    classifier is sure of. ``default`` is the outcome where no rule holds.
    """

    component: str
    space: Space = field(repr=False)
    rules: tuple[Rule, ...]
    default: Hashable
    requests: Requests = field(repr=False)
    prelude: tuple[Rule, ...] = ()

    @cached_property
    def _covers(self) -> tuple[list[Cover], list[int]]:
        """All boxes in order, and how many of them come before each rule.

        Boxes within an earlier one are left out: they take nothing more away.
        """
        covers: list[Cover] = []
        starts: list[int] = []
        for rule in (*self.prelude, *self.rules):
            starts.append(len(covers))
            covers += [cover for cover in rule.boxes if not is_within_any(cover.box, covers)]
        return covers, starts[len(self.prelude) :]

    def before(self, rule: Rule) -> list[Cover]:
        """The boxes that decide before a rule is asked."""
        covers, starts = self._covers
        return covers[: starts[rule.index]]

    def all_covers(self) -> list[Cover]:
        return self._covers[0]

    def ask(self, box: int, covers: Sequence[Cover]) -> int | None:
        return self.requests.ask(box, covers)

    def ask_any(self, boxes: Iterable[Cover], covers: Sequence[Cover]) -> int | None:
        """A free box in any of the boxes."""
        return next(self.ask_each(boxes, covers), None)

    def ask_each(self, boxes: Iterable[Cover], covers: Sequence[Cover]) -> Iterator[int]:
        """A free box of each of the boxes that has one."""
        for cover in boxes:
            found = self.ask(cover.box, covers)
            if found is not None:
                yield found


def is_within_any(box: int, covers: Iterable[Cover]) -> bool:
    """Whether one of the covers holds all of the box."""
    return any(not box & ~cover.box for cover in covers)


def boxes_of(space: Space, condition: Condition) -> tuple[Cover, ...]:
    """The boxes of a condition that some request can be in, without repetition."""
    found = [space.cover(box) for box in condition.boxes]
    return tuple(dict.fromkeys(cover for cover in found if cover is not None))


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
        space=space,
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


def policy_rules(bundle: Bundle, space: Space, requests: Requests) -> RuleList:
    """The rules of the policy; their outcomes are what their routes do."""
    policy, catalogue = bundle.router_policy, bundle.catalogue
    return RuleList(
        component=POLICY,
        space=space,
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
