"""The first question of every write: does this person hold the role for it?"""

from __future__ import annotations

from django.contrib.auth.models import User

from policies.governance.permissions import can, roles_with
from policies.governance.refusals import Reason, Refused
from policies.models import Team


def require_right(capability: str, team: Team, *, acting_user: User, to: str) -> None:
    """Raise Refused unless the person holds the capability; `to` says what they wanted to do."""
    if can(acting_user, capability, team):
        return
    who = " or ".join(roles_with(capability))
    raise Refused(Reason("role", f"Only {who} of {team} may {to}.", "Ask one of them to do it."))
