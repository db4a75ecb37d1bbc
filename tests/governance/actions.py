"""The whole matrix outside change requests, whose part is in `table.py`."""

from __future__ import annotations

from tests.governance.action import Action
from tests.governance.change_ways import ways_of
from tests.governance.content_actions import drafting, of_drafts, proposing, releasing
from tests.governance.frame_actions import framing, of_teams, protecting, ruling
from tests.governance.shared_actions import cataloguing, evaluating, importing, on_plans, running
from tests.governance.table import CHANGE_ACTIONS, ENVIRONMENTS
from tests.governance.telling_actions import of_accounts, of_deliveries, of_inboxes, of_webhooks
from tests.governance.ways import Way


def all_actions() -> list[Action]:
    """Every action, once for each environment where it has one."""
    made = [
        *drafting(),
        *of_drafts(),
        *of_deliveries(),
        *on_plans(),
        *running(),
        *framing(),
        *ruling(),
        *of_teams(),
        *of_webhooks(),
        *of_inboxes(),
        *of_accounts(),
    ]
    made += [*cataloguing(), *importing(), *evaluating()]
    for environment in ENVIRONMENTS:
        made += [proposing(environment), *releasing(environment), *protecting(environment)]
    return made


def all_ways() -> list[Way]:
    ways = [way for action in all_actions() for way in action.ways]
    for action in CHANGE_ACTIONS:
        ways += ways_of(action, "staging", "in_review")
    return ways
