"""What an environment asks of a change request, and which of two such sets asks for less. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.governance.risk_rules import RiskRule, read_rules

CHECK_NAMES = {
    "static_analysis": "static analysis",
    "shadow_evaluation": "shadow evaluation",
    "contracts": "complete contracts",
    "base_up_to_date": "up-to-date base",
    "impact": "blast radius",
    "catalogue": "unmoved catalogue",
}


@dataclass(frozen=True)
class ProtectionRules:
    """The part of an environment's rules that a change request has to satisfy."""

    required_approvals: int
    required_checks: tuple[str, ...]
    risk_rules: tuple[RiskRule, ...]
    threads_must_be_resolved: bool
    reauthenticate_to_approve: bool

    @staticmethod
    def read(raw: Mapping[str, Any]) -> ProtectionRules:
        """From plain JSON, whatever else is in it. Raises ValueError for unsound rules."""
        return ProtectionRules(
            required_approvals=raw["required_approvals"],
            required_checks=tuple(raw["required_checks"]),
            risk_rules=read_rules(raw["risk_rules"]),
            threads_must_be_resolved=raw["threads_must_be_resolved"],
            reauthenticate_to_approve=raw["reauthenticate_to_approve"],
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "required_approvals": self.required_approvals,
            "required_checks": list(self.required_checks),
            "risk_rules": [rule.as_json() for rule in self.risk_rules],
            "threads_must_be_resolved": self.threads_must_be_resolved,
            "reauthenticate_to_approve": self.reauthenticate_to_approve,
        }


def weakenings(before: ProtectionRules, after: ProtectionRules) -> list[str]:
    """A sentence for each way in which `after` asks for less; none where it asks for as much."""
    found: list[str] = []
    if after.required_approvals < before.required_approvals:
        found.append(
            f"Required approvals fall from {before.required_approvals} "
            f"to {after.required_approvals}."
        )
    dropped = [kind for kind in before.required_checks if kind not in after.required_checks]
    found += [f"The check {CHECK_NAMES[kind]} is no longer required." for kind in dropped]
    found += [
        f"The risk rule “{rule.when}: {rule.adds}” is dropped or asks for less."
        for rule in _uncovered(before.risk_rules, after.risk_rules)
    ]
    if before.threads_must_be_resolved and not after.threads_must_be_resolved:
        found.append("Threads no longer have to be resolved.")
    if before.reauthenticate_to_approve and not after.reauthenticate_to_approve:
        found.append("Approving and publishing no longer need a password entered just before.")
    return found


def strictest(one: ProtectionRules, other: ProtectionRules) -> ProtectionRules:
    """Rules that ask for at least as much as both, whatever the change request is."""
    if not weakenings(one, other):
        return other
    if not weakenings(other, one):
        return one
    checks = dict.fromkeys((*one.required_checks, *other.required_checks))
    return ProtectionRules(
        max(one.required_approvals, other.required_approvals),
        tuple(checks),
        (*other.risk_rules, *_uncovered(one.risk_rules, other.risk_rules)),
        one.threads_must_be_resolved or other.threads_must_be_resolved,
        one.reauthenticate_to_approve or other.reauthenticate_to_approve,
    )


def _uncovered(before: Iterable[RiskRule], after: Iterable[RiskRule]) -> list[RiskRule]:
    """Rules without one in `after` that applies whenever they do and asks for as much.

    Approvals of several rules add up, so each rule of `after` stands for one of `before` only.
    """
    left = list(after)
    missing: list[RiskRule] = []
    # What is hardest to stand for chooses first: more approvals, a role, a lower bound.
    for rule in sorted(
        before, key=lambda rule: (-rule.approvals, rule.role is None, rule.above or 0)
    ):
        stands_in = [other for other in left if _covers(other, rule)]
        if stands_in:
            left.remove(min(stands_in, key=lambda other: (other.approvals, other.role is not None)))
        else:
            missing.append(rule)
    return missing


def _covers(other: RiskRule, rule: RiskRule) -> bool:
    applies_as_often = other.condition == rule.condition and (other.above or 0) <= (rule.above or 0)
    asks_the_role = rule.role is None or other.role == rule.role
    return applies_as_often and asks_the_role and other.approvals >= rule.approvals
