"""The whole analysis of a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from ..bundle import Bundle
from ..routing import DEFAULT_RULE
from .chains import Chain, chains_of
from .class_findings import (
    class_findings,
    misplaced_thresholds,
    threshold_findings,
    unassigned_classes,
)
from .classes import Classes
from .concentration import (
    Concentration,
    concentration_findings,
    concentration_of,
)
from .fallback_findings import FallbackReview, cycle_findings
from .findings import ERROR, Finding, in_order
from .model_findings import candidate_findings, model_findings
from .reach import Reach
from .regions import BY_DEFAULT
from .route_effects import words_of
from .row_findings import row_findings
from .rule_findings import RuleReview
from .rule_lists import class_rules, policy_rules, space_of
from .solver import ANALYSIS_BUDGET, QUESTION_BUDGET, Solver
from .starts import starts_of
from .undecided import Ledger


@dataclass(frozen=True)
class Analysis:
    """Everything found. ``work`` counts the rounds of the search."""

    findings: tuple[Finding, ...]
    chains: tuple[Chain, ...]
    concentration: Concentration
    work: int = 0

    @property
    def has_errors(self) -> bool:
        return any(finding.severity == ERROR for finding in self.findings)

    def of_kind(self, kind: str) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.kind == kind)


def analyse(
    bundle: Bundle,
    *,
    question_budget: int = QUESTION_BUDGET,
    analysis_budget: int = ANALYSIS_BUDGET,
) -> Analysis:
    """Analyses a bundle that ``parse_bundle`` accepted. Pure and deterministic.

    What cannot be decided within the budgets (in rounds of the search) is a finding of the kind
    "not_decided"; it happens only to conditions made to be entangled.
    """
    solver = Solver(space_of(bundle), question_budget, analysis_budget)
    ledger = Ledger()
    class_reach = Reach(class_rules(bundle, solver))
    class_reach.fill(ledger)
    classes = Classes(bundle.request_classification, solver, class_reach.idle)
    policy = policy_rules(bundle, solver, classes)
    unassigned = unassigned_classes(bundle, policy, ledger)
    policy_reach = Reach(policy)
    policy_reach.fill(ledger)
    ruled = [
        *RuleReview(class_reach, _class_words(bundle), ledger).findings(),
        *RuleReview(policy_reach, _route_words(bundle), ledger, frozenset(unassigned)).findings(),
    ]
    starts = starts_of(bundle, policy_reach, ledger)
    chains = chains_of(bundle, starts)
    concentration = concentration_of(bundle, chains)
    findings = chain.from_iterable(
        (
            ruled,
            class_findings(bundle, policy, unassigned, ledger),
            model_findings(bundle),
            candidate_findings(bundle, _reached(policy_reach)),
            cycle_findings(bundle),
            FallbackReview(bundle, solver.space, starts).findings(),
            row_findings(bundle, solver.space, starts),
            concentration_findings(concentration),
            threshold_findings(bundle, unassigned),
            misplaced_thresholds(bundle),
        )
    )
    return Analysis(in_order([*findings, *ledger.findings()]), chains, concentration, solver.work)


def _reached(reach: Reach) -> set[str]:
    """Routes that requests get to; the default counts, being the last resort of all."""
    return {DEFAULT_RULE, *(rule.id for rule in reach.list.rules if reach.decides(rule))}


def _class_words(bundle: Bundle) -> dict[str, str]:
    classification = bundle.request_classification
    says = {rule.id: f'class "{rule.class_key}"' for rule in classification.rules}
    return {**says, BY_DEFAULT: f'class "{classification.default_class}"'}


def _route_words(bundle: Bundle) -> dict[str, str]:
    routes = dict(bundle.router_policy.routes())
    default = routes.pop(DEFAULT_RULE)
    says = {rule_id: words_of(route) for rule_id, route in routes.items()}
    return {**says, BY_DEFAULT: words_of(default)}
