"""How many must approve a change request, of which roles, and who could."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User

from policies.governance.permissions import grants
from policies.governance.refusals import Reason
from policies.governance.risk_rules import ROLES, RiskFinding, judge
from policies.models import Membership
from policies.services.review.facts import ChangeFacts


@dataclass(frozen=True)
class Quorum:
    """What the environment asks for, and what its rules on risk add."""

    base: int
    risks: tuple[RiskFinding, ...] = ()

    @property
    def applying(self) -> tuple[RiskFinding, ...]:
        return tuple(finding for finding in self.risks if finding.applies)

    @property
    def required(self) -> int:
        return self.base + sum(finding.rule.approvals for finding in self.applying)

    @property
    def of_roles(self) -> dict[str, int]:
        """Role → how many approvers have to hold it; rules that only name a role share one."""
        asked: dict[str, int] = {}
        for finding in self.applying:
            rule = finding.rule
            if rule.role:
                asked[rule.role] = asked.get(rule.role, 0) + rule.approvals
        return {role: max(count, 1) for role, count in asked.items()}


@dataclass(frozen=True)
class RoleShort:
    """So many more approvals by people of a role are needed."""

    role: str
    missing: int

    @property
    def sentence(self) -> str:
        label = ROLES[self.role].lower()
        article = "an" if label[0] in "aeiou" else "a"
        who = f"{article} {label}" if self.missing == 1 else f"{self.missing} {label}s"
        return f"The risk asks for {'an approval' if self.missing == 1 else 'approvals'} by {who}."


@dataclass(frozen=True)
class Candidate:
    """Somebody whose approval would count, with their roles in words."""

    user: User
    roles: str


def quorum_of(facts: ChangeFacts) -> Quorum:
    """What this content needs here. The impact is looked at only where a rule asks for it."""
    rules = facts.change.protection
    if not rules.risk_rules:
        return Quorum(rules.required_approvals)
    base = facts.change.base_release.bundle.content if facts.change.base_release else None
    risks = judge(rules.risk_rules, facts.measured, facts.change.bundle.content, base)
    return Quorum(rules.required_approvals, risks)


def impact_to_come(facts: ChangeFacts) -> list[Reason]:
    """Nobody can approve by rules on risk before anything was measured to hold them against."""
    if not facts.change.protection.risk_rules or facts.measured:
        return []
    sentence = "How many approvals this needs follows from its blast radius, not yet measured."
    return [Reason("impact", sentence, "Wait a moment: it is measured by itself within a minute.")]


def roles_short(
    quorum: Quorum, facts: ChangeFacts, approvers: Collection[int]
) -> tuple[RoleShort, ...]:
    """Roles of which too few have approved. The team is looked at only where one is asked for."""
    asked = quorum.of_roles
    if not asked:
        return ()
    held = {(row.role, row.user_id) for row in facts.counting_members if row.user_id in approvers}
    counts = {role: sum(1 for held_role, _ in held if held_role == role) for role in asked}
    return tuple(
        RoleShort(role, count - counts[role])
        for role, count in asked.items()
        if counts[role] < count
    )


def candidates(members: Iterable[Membership], but: Collection[int]) -> list[Candidate]:
    """Members who may review and are not among `but`, in the order of the members."""
    found: dict[int, tuple[User, list[str]]] = {}
    for row in members:
        if row.user_id not in but and grants([row.role], "review"):
            found.setdefault(row.user_id, (row.user, []))[1].append(row.get_role_display().lower())
    return [Candidate(user, ", ".join(roles)) for user, roles in found.values()]
