"""Take back what a router's token reported: a stolen one, or one that told nonsense."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import TruncHour
from django.utils import timezone

from evaluations.models import Grain, Outcome, OutcomeSummary, ReportedName
from evaluations.services.outcomes.rollups import hour_of, mark
from policies.models import Release, ReleaseArrival, RouterInstance, RouterToken
from policies.services import audit
from policies.services.rights import require_right


@dataclass(frozen=True)
class Removed:
    """How many rows went, and how many hours are summed again."""

    outcomes: int
    summaries: int
    hours: int
    routers: int


@transaction.atomic
def remove_reported(token: RouterToken, *, acting_user: User) -> Removed:
    """Remove all outcomes, summaries, names and routers that were reported with a token.

    Rows first and the marks of their hours after them, as whoever reports does, so that nobody
    waits for one another. The token itself stays as it is; what it reports afterwards counts
    again, so revoke it before.
    """
    environment = token.environment
    team = environment.workflow.team
    require_right("manage_tokens", team, acting_user=acting_user, to="remove what a token reported")
    now = timezone.now()
    outcomes = Outcome.objects.filter(environment=environment, token=token)
    summaries = OutcomeSummary.objects.filter(environment=environment, token=token)
    gone, hours = _remove(outcomes, "time")
    sums_gone, hours_of_sums = _remove(summaries, "minute")
    hours |= hours_of_sums
    mark(environment, Grain.HOUR, hours, now)
    ReportedName.objects.filter(token=token).delete()
    routers = RouterInstance.objects.filter(environment=environment, token=token)
    told = list(routers.values_list("instance_id", flat=True))
    ReleaseArrival.objects.filter(
        release__environment=environment, instance_id__in=routers.values("instance_id")
    ).delete()
    routers.delete()
    if told:
        # It may have counted as delivered by their word: whoever is left shall say so.
        Release.objects.active().filter(environment=environment).update(delivered_at=None)
    removed = Removed(gone, sums_gone, len(hours), len(told))
    audit.record(
        "router_token.reports_removed",
        token,
        acting_user=acting_user,
        workflow=environment.workflow,
        detail={
            "environment": environment.name,
            "name": token.name,
            "hint": token.hint,
            "outcomes": removed.outcomes,
            "summaries": removed.summaries,
            "hours": removed.hours,
            "routers": removed.routers,
        },
    )
    return removed


def _remove(rows: QuerySet[Any], time: str) -> tuple[int, set[datetime.datetime]]:
    """Remove rows; how many, and of which hours. They are locked in the order of feedback."""
    moments = rows.select_for_update().order_by("pk").values_list(time, flat=True)
    hours = {hour_of(moment) for moment in moments.iterator(chunk_size=2000)}
    # What has come since for other hours stays: nobody would sum those without it.
    within = rows.annotate(hour=TruncHour(time, tzinfo=datetime.UTC)).filter(hour__in=hours)
    return within.delete()[0], hours
