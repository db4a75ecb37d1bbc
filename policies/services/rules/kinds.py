"""Every kind of rule change, by its public name."""

from policies.models.rule_changes import RuleChangeKind
from policies.services.rules.catalogue import CATALOGUE_FACTS
from policies.services.rules.environments import ENVIRONMENT_RULES
from policies.services.rules.evidence import EVIDENCE_PLAN
from policies.services.rules.kind import Kind
from policies.services.rules.members import MEMBER_ROLE

KINDS: dict[str, Kind] = {
    RuleChangeKind.ENVIRONMENT_RULES: ENVIRONMENT_RULES,
    RuleChangeKind.EVIDENCE_PLAN: EVIDENCE_PLAN,
    RuleChangeKind.MEMBER_ROLE: MEMBER_ROLE,
    RuleChangeKind.CATALOGUE_FACTS: CATALOGUE_FACTS,
}
