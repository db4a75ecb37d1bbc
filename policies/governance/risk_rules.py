"""Rules that ask for more approvals where a change's measured impact is larger. Pure.

What is not measured counts as risky: a rule that cannot be judged applies, and says why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from policies.governance.impact_facts import ImpactFacts, began_with_reports
from policies.wording.numbers import percent

MOST_RULES = 20
MOST_APPROVALS = 10
ROLES = {"reviewer": "Reviewer", "owner": "Owner"}
ROLE_CHOICES = list(ROLES.items())


class Condition(StrEnum):
    """What a rule looks at. The values are public names."""

    COST_CHANGE = "cost_change"
    REROUTED = "rerouted"
    RESIDENCY_CHANGED = "residency_changed"
    QUALITY_FLOOR_LOWERED = "quality_floor_lowered"
    NEW_PROVIDER = "new_provider"
    HIGH_RISK_CLASS = "high_risk_class"


LABELS: dict[Condition, str] = {
    Condition.COST_CHANGE: "The mean cost changes by more than",
    Condition.REROUTED: "More traffic goes to another model than",
    Condition.RESIDENCY_CHANGED: "Requests go to other regions",
    Condition.QUALITY_FLOOR_LOWERED: "A threshold asks for less",
    Condition.NEW_PROVIDER: "A provider is new",
    Condition.HIGH_RISK_CLASS: "A class of high risk is touched",
}
# What is judged by recorded requests; the rest follows from the documents alone.
BY_TRAFFIC = frozenset(
    {
        Condition.COST_CHANGE,
        Condition.REROUTED,
        Condition.RESIDENCY_CHANGED,
        Condition.HIGH_RISK_CLASS,
    }
)
REPORTED = "At first only routers' reports told of it, which lower nothing, so it counts."
NOT_MEASURED = "The blast radius is not measured yet, so the risk is not known."
NOT_SUPPORTED = "No recorded request reaches all that changes, so it counts."
WITH_BOUND = frozenset({Condition.COST_CHANGE, Condition.REROUTED})


@dataclass(frozen=True)
class RiskRule:
    """`above` is a share (0.1 is 10 %), for conditions that have one.

    `approvals` come on top of those the environment asks for; with a `role`, they (and one at
    least) have to come from people who hold it.
    """

    condition: Condition
    above: float | None = None
    approvals: int = 1
    role: str | None = None

    @property
    def when(self) -> str:
        """The condition in words."""
        label = LABELS[self.condition]
        return label if self.above is None else f"{label} {percent(self.above)}"

    @property
    def adds(self) -> str:
        """What it asks for, in words."""
        role = f" by {_a(self.role)}" if self.role else ""
        if self.approvals == 0:
            return f"one of the approvals{role}"
        noun = "approval" if self.approvals == 1 else "approvals"
        return f"{self.approvals} more {noun}{role}"

    @property
    def from_role(self) -> int:
        """How many approvers have to hold the role."""
        return max(self.approvals, 1) if self.role else 0

    def as_json(self) -> dict[str, Any]:
        return {
            "condition": self.condition.value,
            "above": self.above,
            "approvals": self.approvals,
            "role": self.role,
        }


@dataclass(frozen=True)
class RiskFinding:
    """A rule held against one change: whether it applies, whether that is known, and why."""

    rule: RiskRule
    applies: bool
    is_known: bool
    sentence: str


def read_rules(raw: Iterable[Mapping[str, Any]]) -> tuple[RiskRule, ...]:
    """Rules as an environment keeps them. Raises ValueError where they are not sound."""
    rules = [
        RiskRule(
            Condition(entry["condition"]),
            entry.get("above"),
            entry.get("approvals", 1),
            entry.get("role") or None,
        )
        for entry in raw
    ]
    problems = problems_of(rules)
    if problems:
        raise ValueError(" ".join(problems))
    return tuple(rules)


def problems_of(rules: Sequence[RiskRule]) -> list[str]:
    """What is wrong with them, in sentences."""
    found = [f"There are more than {MOST_RULES} rules on risk."] if len(rules) > MOST_RULES else []
    for rule in rules:
        label = LABELS[rule.condition]
        if rule.condition in WITH_BOUND and not (rule.above is not None and rule.above >= 0):
            found.append(f"“{label}” needs a share of 0 % or more.")
        if rule.condition not in WITH_BOUND and rule.above is not None:
            found.append(f"“{label}” takes no share.")
        if not 0 <= rule.approvals <= MOST_APPROVALS:
            found.append(f"“{label}” may ask for 0 to {MOST_APPROVALS} more approvals.")
        if rule.role is not None and rule.role not in ROLES:
            found.append(f"“{label}” may name the role reviewer or owner.")
        if rule.approvals == 0 and rule.role is None:
            found.append(f"“{label}” asks for nothing: add an approval or name a role.")
    if len(set(rules)) < len(rules):
        found.append("A rule on risk stands there twice.")
    return found


def judge(
    rules: Sequence[RiskRule],
    measured: Sequence[ImpactFacts | None],
    content: Mapping[str, Any],
    base: Mapping[str, Any] | None = None,
) -> tuple[RiskFinding, ...]:
    """Each rule's worst finding over all that was measured of a bundle's content, the oldest first.

    The worst, so that another source of impact may ask for more approvals and never for fewer.
    None stands for a measurement that failed.
    """
    risky = _high_risk_classes(content) | (_high_risk_classes(base) if base else frozenset())
    moved = _moved_high_risk(content, base)
    return tuple(_worst(rule, measured, risky, moved) for rule in rules)


def _worst(
    rule: RiskRule,
    measured: Sequence[ImpactFacts | None],
    risky: Collection[str],
    moved: Sequence[str],
) -> RiskFinding:
    found = [_judge(rule, facts, risky) for facts in reversed(measured or [None])]
    if rule.condition == Condition.HIGH_RISK_CLASS and moved:
        found.append(RiskFinding(rule, True, True, " ".join(moved)))
    if rule.condition in BY_TRAFFIC and began_with_reports(measured):
        found.append(_unknown(rule, REPORTED))
    return max(found, key=lambda finding: (finding.applies, finding.is_known))


def _judge(rule: RiskRule, facts: ImpactFacts | None, risky: Collection[str]) -> RiskFinding:
    if facts is None:
        return _unknown(rule, NOT_MEASURED)
    finding = _found(rule, facts, risky)
    if rule.condition in BY_TRAFFIC and not finding.applies and not facts.is_supported:
        return _unknown(rule, _not_supported(facts))
    return finding


def _not_supported(facts: ImpactFacts) -> str:
    if not facts.unreached:
        return NOT_SUPPORTED
    return (
        f"No recorded request reaches what changed in: {'; '.join(facts.unreached)}. So it counts."
    )


def _found(rule: RiskRule, facts: ImpactFacts, risky: Collection[str]) -> RiskFinding:
    match rule.condition:
        case Condition.COST_CHANGE:
            return _bounded(rule, facts.cost_change, "The mean cost changes by", signed=True)
        case Condition.REROUTED:
            return _bounded(rule, facts.rerouted, "The share that goes to another model is")
        case Condition.RESIDENCY_CHANGED:
            return _residency(rule, facts)
        case Condition.QUALITY_FLOOR_LOWERED:
            return _listed(rule, facts.loosened, "No threshold asks for less.")
        case Condition.NEW_PROVIDER:
            named = [f"{name} is new here." for name in facts.new_providers]
            return _listed(rule, named, "No provider is new.")
        case Condition.HIGH_RISK_CLASS:
            return _high_risk(rule, facts, risky)


def _unknown(rule: RiskRule, why: str) -> RiskFinding:
    return RiskFinding(rule, applies=True, is_known=False, sentence=why)


def _bounded(
    rule: RiskRule, value: float | None, words: str, *, signed: bool = False
) -> RiskFinding:
    if value is None:
        return _unknown(rule, "There are no recorded requests that could tell, so it counts.")
    sign = "+" if signed and value > 0 else ""
    applies = abs(value) > (rule.above or 0.0)
    bound = percent(rule.above or 0.0)
    than = "more than" if applies else "no more than"
    return RiskFinding(rule, applies, True, f"{words} {sign}{percent(value)}, {than} {bound}.")


def _residency(rule: RiskRule, facts: ImpactFacts) -> RiskFinding:
    if facts.residency_changed is None:
        return _unknown(rule, "There are no recorded requests that could tell, so it counts.")
    if not facts.residency_changed:
        return RiskFinding(rule, False, True, "No request goes to other regions.")
    share = percent(facts.residency_changed)
    gained = f", newly in {', '.join(facts.regions_gained)}" if facts.regions_gained else ""
    sentence = f"{share} of requests go to a model that runs elsewhere{gained}."
    return RiskFinding(rule, True, True, sentence)


def _listed(rule: RiskRule, found: Sequence[str], otherwise: str) -> RiskFinding:
    return RiskFinding(rule, bool(found), True, " ".join(found) or otherwise)


def _high_risk(rule: RiskRule, facts: ImpactFacts, risky: Collection[str]) -> RiskFinding:
    if not facts.looked_at:
        return _unknown(rule, "There are no recorded requests that could tell, so it counts.")
    named = [
        f"{count} requests of class {key} are treated differently."
        for key, count in facts.affected_classes.items()
        if key in risky and count
    ]
    return _listed(rule, named, "No request of a class of high risk is treated differently.")


def _high_risk_classes(content: Mapping[str, Any]) -> frozenset[str]:
    classes = content["request_classification"]["classes"]
    return frozenset(entry["key"] for entry in classes if entry.get("risk") == "high")


def _moved_high_risk(content: Mapping[str, Any], base: Mapping[str, Any] | None) -> list[str]:
    """What a change says itself of high risk, which no measurement can talk away: a class that it
    lowers, renames, removes, raises or adds, and each of a first release.
    """
    now, before = _high_risk_classes(content), _high_risk_classes(base) if base else frozenset()
    lost = [f"Class {key} is no longer one of high risk." for key in sorted(before - now)]
    return lost + [f"Class {key} is new as one of high risk." for key in sorted(now - before)]


def _a(role: str | None) -> str:
    label = ROLES[role or "reviewer"].lower()
    return f"an {label}" if label[0] in "aeiou" else f"a {label}"
