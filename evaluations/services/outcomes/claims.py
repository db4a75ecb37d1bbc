"""Request ids that one token took before another reported a request of its own under them."""

from __future__ import annotations

from collections.abc import Sequence

from evaluations.models import Outcome
from policies.engine.outcomes.events import Event
from policies.models import RouterToken

# What is told once and by nobody but the router. Names may be kept as "other" for one token alone,
# costs follow the catalogue, and quality and labels are learnt later.
_TOLD_ONCE = ("time", "latency_us", "input_tokens", "output_tokens")

CLAIMED = (
    "another token has reported another request under this request_id, so this outcome is not "
    "kept; if that token was stolen, revoke it and remove what it reported (Settings, Router "
    "tokens), then send this again"
)


def claimed_by_others(token: RouterToken, events: Sequence[Event]) -> set[str]:
    """The ids of the events under which another token reported what differs.

    What is the same was sent again, with the successor of a token for instance.
    """
    told = {event.request_id: event for event in events}
    taken = Outcome.objects.filter(
        environment=token.environment_id, request_id__in=told, token__isnull=False
    ).exclude(token=token)
    rows = taken.values_list("request_id", *_TOLD_ONCE)
    return {
        request_id
        for request_id, *before in rows
        if before != [getattr(told[request_id], name) for name in _TOLD_ONCE]
    }
