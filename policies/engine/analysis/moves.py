"""Whether moving a rule of an ordered list changes what any request comes to. Exact.

Between its two places a rule passes others. It makes a difference for a request exactly if no rule
ahead of both places holds, the moved one does, and the first of the passed ones that holds has
another outcome: on one side of them the moved rule decides, on the other that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..classification import RequestClassification
from ..routing import PolicyRule, Route, RouterPolicy
from .classes import Classes
from .findings import Witness
from .rule_lists import Requests, Rule, boxes_of, provided_boxes, together
from .solver import Solver, Undecided
from .space import Space
from .witnesses import witness_in

# Rounds of the search, for one move and for all: some hundredths of a second.
MOVE_BUDGET = 1_000
MOVES_BUDGET = 3_000


@dataclass(frozen=True)
class Order:
    """Rules by id, whatever their order, and who answers questions about their requests."""

    space: Space
    rules: Mapping[str, Rule]
    requests: Requests
    prelude: int = 0

    def changed_by(self, before: Sequence[str], after: Sequence[str], moved: str) -> Witness | None:
        """A request that comes to something else once ``moved`` stands where ``after`` has it;
        None where there is none.

        Both are orders of the same ids, alike but for that one. Raises Undecided where the
        question takes more work than allowed.
        """
        low, high = sorted((before.index(moved), after.index(moved)))
        passed = before[low:high] if before[high] == moved else before[low + 1 : high + 1]
        rule = self.rules[moved]
        covers = self.prelude
        for name in before[:low]:
            covers |= self.rules[name].covers
        for other in (self.rules[name] for name in passed):
            if other.outcome == rule.outcome:
                covers |= other.covers
                continue
            for within in _meetings(self.space, rule, other):
                found = self.requests.ask(within, covers)
                if found is not None:
                    return witness_in(self.space, self.requests.widened(found, within, covers))
        return None


def order_of_classes(classification: RequestClassification) -> Order:
    """The rules of a classification; what they come to is a class."""
    given = [box for box, _ in provided_boxes(classification)]
    tests = [box for rule in classification.rules for box in rule.when.boxes]
    space = Space(classification.policy_vocabulary, [*given, *tests])
    return Order(
        space=space,
        rules={
            rule.id: Rule(rule.id, index, boxes_of(space, rule.when), rule.class_key)
            for index, rule in enumerate(classification.rules)
        },
        requests=_solver(space),
        prelude=together(cover for box in given for cover in space.covers_of(box)),
    )


def order_of_routes(policy: RouterPolicy, classification: RequestClassification) -> Order:
    """The rules of a policy that was read with the classification's vocabulary; what they come to
    is a route, and a request has the class that the classification gives it.
    """
    conditions = [rule.when for rule in classification.rules]
    conditions += [rule.when for rule in policy.rules]
    tests = [box for condition in conditions for box in condition.boxes]
    tests += [box for box, _ in provided_boxes(classification)]
    space = Space(classification.policy_vocabulary, tests)
    requests = Classes(classification, _solver(space))
    return Order(space, _routing_rules(policy.rules, space), requests)


def _solver(space: Space) -> Solver:
    return Solver(space, MOVE_BUDGET, MOVES_BUDGET)


def _meetings(space: Space, rule: Rule, other: Rule) -> Iterable[int]:
    for own in rule.boxes:
        for cover in other.boxes:
            if space.is_box(own.box & cover.box):
                yield own.box & cover.box


def _routing_rules(rules: Iterable[PolicyRule], space: Space) -> dict[str, Rule]:
    return {
        rule.id: Rule(rule.id, index, boxes_of(space, rule.when), _without_idle_parts(rule.route))
        for index, rule in enumerate(rules)
    }


def _without_idle_parts(route: Route) -> Route:
    """Weights and the salt, by default the rule's own id, matter in splits only."""
    if route.select == "weighted":
        return replace(route, earlier_weights=route.earlier_weights or None)
    plain = tuple(replace(candidate, weight=1) for candidate in route.candidates)
    return replace(route, salt="", candidates=plain, earlier_weights=None)


__all__ = ["Order", "Undecided", "order_of_classes", "order_of_routes"]
