"""The whole matrix outside change requests, whose part is in `table.py`."""

from __future__ import annotations

from tests.governance.action import Action
from tests.governance.content_actions import drafting, of_drafts, proposing, releasing
from tests.governance.frame_actions import framing, of_teams, protecting
from tests.governance.shared_actions import cataloguing, evaluating, importing, running
from tests.governance.table import ENVIRONMENTS
from tests.governance.telling_actions import of_accounts, of_deliveries, of_inboxes, of_webhooks


def all_actions() -> list[Action]:
    """Every action, once for each environment where it has one."""
    made = [
        *drafting(),
        *of_drafts(),
        *of_deliveries(),
        *running(),
        *framing(),
        *of_teams(),
        *of_webhooks(),
        *of_inboxes(),
        *of_accounts(),
    ]
    made += [*cataloguing(), *importing(), *evaluating()]
    for environment in ENVIRONMENTS:
        made += [proposing(environment), *releasing(environment), *protecting(environment)]
    return made
