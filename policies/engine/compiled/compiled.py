"""The compiled form of a bundle."""

from __future__ import annotations

from typing import TypeVar

from ..bundle import Bundle, require_text_matcher
from ..decision import Decision, decide
from ..request import Request, usable
from ..routing import DEFAULT_RULE
from .inputs import Inputs
from .masks import Boxes, Tests, boxes_of
from .routes import Outcome, ReadyRoute

T = TypeVar("T")


def compile_bundle(bundle: Bundle) -> Compiled:
    """Some milliseconds for some hundred rules. Raises EngineError where a flag needs RE2 and it
    is not installed.
    """
    require_text_matcher(bundle)
    return Compiled(bundle)


class Compiled:
    """Decides as ``decide`` does with its bundle. Safe to share between threads."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        classification, policy = bundle.request_classification, bundle.router_policy
        classes = boxes_of(rule.when for rule in classification.rules)
        rules = boxes_of(rule.when for rule in policy.rules)
        # Those of classes above those of the policy.
        whole = classes.all << len(rules.boxes) | rules.all
        self._mask = Inputs(
            [
                (attribute, tests)
                for name, attribute in classification.declared.items()
                if (tests := _tests(classes, rules, name, whole)).asked
            ],
            whole,
        ).mask
        of_class = Tests(rules.testing("class"), _rest(rules))
        masks = {key: of_class.mask(key) for key in classification.class_keys}
        found = [
            Outcome(rule.class_key, rule.id, "rule", masks[rule.class_key])
            for rule in classification.rules
        ]
        default = classification.default_class
        found.append(Outcome(default, None, "default", masks[default]))
        self._outcomes = _by_highest_bit([found[rule] for rule in classes.rules], len(rules.boxes))
        self._offered = {key: Outcome(key, None, "provided", masks[key]) for key in masks}
        routes = [ReadyRoute(bundle, rule.id, rule.route) for rule in policy.rules]
        routes.append(ReadyRoute(bundle, DEFAULT_RULE, policy.default))
        self._routes = _by_highest_bit([routes[rule] for rule in rules.rules])
        self._provided = classification.provided
        self._declared = classification.declared
        self._sticky = self._declared.get(policy.sticky_on) if policy.sticky_on else None

    def decide(self, request: Request) -> Decision:
        """The decision of ``engine.decide``; total and deterministic as that is."""
        mask = self._mask(request)
        outcome = self._offered_class(request) if self._provided else None
        if outcome is None:
            outcome = self._outcomes[mask.bit_length()]
        route = self._routes[(mask & outcome.policy_mask).bit_length()]
        key = self._split_key(request) if route.is_weighted else ""
        return route.decision(outcome, request, key) or decide(self.bundle, request)

    def _offered_class(self, request: Request) -> Outcome | None:
        """The class of the router's classifier, where it is sure enough."""
        provided = self._provided
        if provided is None:
            return None
        declared, given = self._declared, request.attributes
        offered = usable(declared[provided.attribute], given.get(provided.attribute))
        outcome = self._offered.get(offered) if isinstance(offered, str) else None
        if outcome is None:
            return None
        name = provided.confidence_attribute
        confidence = usable(declared[name], given.get(name))
        sure = isinstance(confidence, float) and confidence >= provided.min_confidence
        return outcome if sure else None

    def _split_key(self, request: Request) -> str:
        if self._sticky is not None:
            value = usable(self._sticky, request.attributes.get(self._sticky.name))
            if isinstance(value, str):
                return value
        return str(request.request_id)


def _by_highest_bit(entries: list[T], shift: int = 0) -> list[T]:
    """So that a mask's length finds the entry of its highest bit; the last entry's bit is
    ``shift``, and is always set.
    """
    return [*[entries[-1]] * (shift + 1), *reversed(entries)]


def _tests(classes: Boxes, rules: Boxes, name: str, whole: int) -> Tests:
    asked = [*classes.testing(name, len(rules.boxes)), *rules.testing(name)]
    return Tests(asked, whole & ~sum(bit for bit, _ in asked))


def _rest(rules: Boxes) -> int:
    return rules.all & ~sum(bit for bit, _ in rules.testing("class"))
