"""The rows of risk rules in an environment's form: as many as there may be, and no more drawn."""

from __future__ import annotations

import pytest
from django.forms import BaseFormSet

from policies.forms.teams.environments import RiskRuleForm, RiskRules
from policies.governance.risk_rules import MOST_RULES, Condition


def rows_of(*, said: int, kept: int = 0, deleted: int = 0) -> BaseFormSet[RiskRuleForm]:
    """What a browser sends: a count, so many rules, and behind them rows marked as deleted."""
    sent = {"risk-TOTAL_FORMS": str(said), "risk-INITIAL_FORMS": "0"}
    for number in range(kept + deleted):
        sent[f"risk-{number}-condition"] = Condition.NEW_PROVIDER.value
        sent[f"risk-{number}-approvals"] = "1"
        if number >= kept:
            sent[f"risk-{number}-DELETE"] = "on"
    return RiskRules(sent, prefix="risk")


@pytest.mark.parametrize("said", [10**3, 10**20])
def test_count_of_rows__beyond_all_measure__is_refused_without_drawing_them(said: int) -> None:
    rows = rows_of(said=said)
    assert not rows.is_valid()
    assert "at most 20" in str(rows.non_form_errors())
    assert len(rows.forms) < 100


def test_rows__marked_as_deleted__leave_room_for_as_many_rules_as_there_may_be() -> None:
    replaced = rows_of(said=2 * MOST_RULES, kept=MOST_RULES, deleted=MOST_RULES)
    assert replaced.is_valid(), replaced.non_form_errors()
    one_more = rows_of(said=MOST_RULES + 1, kept=MOST_RULES + 1)
    assert not one_more.is_valid()
