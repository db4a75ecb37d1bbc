"""Which requests a finding is about, so that recorded traffic can be counted inside it."""

from __future__ import annotations

from dataclasses import dataclass

from ..bundle import Bundle
from ..decision import decide
from ..request import Request, resolve

CLASSIFICATION, POLICY = "request_classification", "router_policy"
# Instead of a class rule's id; no id can hold a bracket.
BY_DEFAULT, PROVIDED = "(default)", "(provided)"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a bundle makes of one request: computed once, asked by every region."""

    class_key: str
    class_rule: str
    class_rules_that_hold: frozenset[str]
    policy_rule: str
    policy_rules_that_hold: frozenset[str]
    model: str | None


@dataclass(frozen=True, slots=True)
class Region:
    """The requests for which all of this is so; an empty tuple asks for nothing.

    ``holds``: rules of ``component`` whose conditions hold, whoever decides. ``decided_by``: the
    rule of ``component`` that decides; "default" of the policy and "(default)" or "(provided)" of
    the classification where none does. ``classes`` and ``models``: one of them is the outcome.
    """

    component: str = POLICY
    holds: tuple[str, ...] = ()
    decided_by: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def has(self, facts: Facts) -> bool:
        """Whether the request with these facts is inside."""
        if self.component == CLASSIFICATION:
            rule, holding = facts.class_rule, facts.class_rules_that_hold
        else:
            rule, holding = facts.policy_rule, facts.policy_rules_that_hold
        return (
            (not self.decided_by or rule in self.decided_by)
            and (not self.classes or facts.class_key in self.classes)
            and (not self.models or facts.model in self.models)
            and holding.issuperset(self.holds)
        )

    def contains(self, bundle: Bundle, request: Request) -> bool:
        """Whether a request is inside. For many regions, ask ``facts_of`` once instead."""
        return self.has(facts_of(bundle, request))


def facts_of(bundle: Bundle, request: Request) -> Facts:
    """The class and model of a request, and the rules that decide and that hold."""
    decision = decide(bundle, request)
    values = resolve(bundle.request_classification, request)
    seen_by_policy = {**values, "class": decision.class_key}
    source = PROVIDED if decision.class_source == "provided" else BY_DEFAULT
    return Facts(
        class_key=decision.class_key,
        class_rule=decision.class_rule or source,
        class_rules_that_hold=frozenset(
            rule.id for rule in bundle.request_classification.rules if rule.when.holds(values)
        ),
        policy_rule=decision.policy_rule,
        policy_rules_that_hold=frozenset(
            rule.id for rule in bundle.router_policy.rules if rule.when.holds(seen_by_policy)
        ),
        model=decision.model,
    )
