"""Work: ample for the stated size; where it runs out, the analysis says so and guesses nothing."""

import pytest

from policies.engine.analysis import INFO, analyse
from policies.engine.analysis.solver import ANALYSIS_BUDGET
from tests.benchmarks.rule_makers import Conditions, bundle, realistic_condition, wide_condition


@pytest.mark.parametrize("condition", [realistic_condition, wide_condition])
def test_analyse__200_rules_and_12_attributes__is_decided_with_work_to_spare(
    condition: Conditions,
) -> None:
    found = analyse(bundle(100, 1, condition))
    assert found.of_kind("not_decided") == ()
    assert found.work < ANALYSIS_BUDGET / 10


@pytest.mark.parametrize("guarded", [False, True])
def test_analyse__200_wide_rules_in_one_list__is_decided_with_work_to_spare(guarded: bool) -> None:
    found = analyse(bundle(200, 1, wide_condition, in_policy=0, guarded=guarded))
    assert found.of_kind("not_decided") == ()
    assert found.work < ANALYSIS_BUDGET / 2


def test_analyse__budget_is_spent__says_what_was_not_decided_and_claims_nothing_else() -> None:
    made = bundle(30, 1)
    whole = {finding.name for finding in analyse(made).findings}
    short = analyse(made, question_budget=2, analysis_budget=50)
    given_up = short.of_kind("not_decided")
    assert given_up
    assert {finding.severity for finding in given_up} == {INFO}
    rules = ("shadowed", "unsatisfiable", "conflict", "exception", "redundant", "gap", "class_")
    claimed = {finding.name for finding in short.findings if finding.kind.startswith(rules)}
    assert claimed <= whole


def test_analyse__same_bundle_twice__says_the_same() -> None:
    assert analyse(bundle(20, 3)) == analyse(bundle(20, 3))
