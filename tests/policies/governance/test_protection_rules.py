"""Which rules ask for less than others: held to what they ask of every possible impact."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policies.governance.protection_rules import ProtectionRules, strictest, weakenings
from policies.governance.risk_rules import Condition, RiskRule

BOUNDS = (0.1, 0.2, 0.5)
MEASURED = (0.0, 0.1, 0.15, 0.2, 0.3, 0.6)
RISKS = [
    RiskRule(Condition.REROUTED, above, approvals, role)
    for above in BOUNDS
    for approvals in (0, 1, 2)
    for role in (None, "owner")
    if approvals or role
]
CHECKS: list[tuple[str, ...]] = [
    (),
    ("static_analysis",),
    ("contracts",),
    ("contracts", "static_analysis"),
]
RULES = st.builds(
    ProtectionRules,
    st.integers(1, 3),
    st.sampled_from(CHECKS),
    st.lists(st.sampled_from(RISKS), max_size=3, unique=True).map(tuple),
    st.booleans(),
    st.booleans(),
)


def asked(rules: ProtectionRules, rerouted: float) -> tuple[int, int]:
    """Approvals in all, and by owners, where so much traffic goes elsewhere."""
    applying = [rule for rule in rules.risk_rules if rerouted > (rule.above or 0)]
    of_owners = sum(rule.approvals for rule in applying if rule.role)
    named = any(rule.role for rule in applying)
    total = rules.required_approvals + sum(rule.approvals for rule in applying)
    return total, max(of_owners, int(named))


def asks_for_less(after: ProtectionRules, before: ProtectionRules) -> bool:
    pairs = [(asked(after, share), asked(before, share)) for share in MEASURED]
    return (
        any(new[0] < old[0] or new[1] < old[1] for new, old in pairs)
        or not set(before.required_checks) <= set(after.required_checks)
        or (before.threads_must_be_resolved and not after.threads_must_be_resolved)
        or (before.reauthenticate_to_approve and not after.reauthenticate_to_approve)
    )


@given(before=RULES, after=RULES)
def test_rules_that_ask_for_less_anywhere__are_said_to(
    before: ProtectionRules, after: ProtectionRules
) -> None:
    if asks_for_less(after, before):
        assert weakenings(before, after)


@given(rules=RULES)
def test_the_same_rules__weaken_nothing(rules: ProtectionRules) -> None:
    assert weakenings(rules, ProtectionRules.read(rules.as_json())) == []


@given(one=RULES, other=RULES)
def test_the_stricter_of_two__asks_for_no_less_than_either(
    one: ProtectionRules, other: ProtectionRules
) -> None:
    both = strictest(one, other)
    assert not asks_for_less(both, one)
    assert not asks_for_less(both, other)


def test_each_way_to_ask_for_less__has_its_sentence() -> None:
    risk = RiskRule(Condition.REROUTED, 0.2, 1, "owner")
    before = ProtectionRules(2, ("static_analysis", "shadow_evaluation"), (risk,), True, True)
    after = ProtectionRules(1, ("static_analysis",), (), False, False)
    assert weakenings(before, after) == [
        "Required approvals fall from 2 to 1.",
        "The check shadow evaluation is no longer required.",
        "The risk rule “More traffic goes to another model than 20.0%: 1 more approval by an "
        "owner” is dropped or asks for less.",
        "Threads no longer have to be resolved.",
        "Approving and publishing no longer need a password entered just before.",
    ]
