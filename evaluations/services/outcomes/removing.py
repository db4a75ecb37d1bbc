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
from evaluations.services.outcomes.rollups import mark
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

    Hours are marked first, so that a roll-up waits for what is removed. The token itself stays as
    it is; what it reports afterwards counts again, so revoke it before.
    """
    environment = token.environment
    team = environment.workflow.team
    require_right("manage_tokens", team, acting_user=acting_user, to="remove what a token reported")
    now = timezone.now()
    outcomes = Outcome.objects.filter(environment=environment, token=token)
    summaries = OutcomeSummary.objects.filter(environment=environment, token=token)
    hours = _hours(outcomes, "time") | _hours(summaries, "minute")
    mark(environment, Grain.HOUR, hours, now)
    gone, _ = outcomes.delete()
    sums_gone, _ = summaries.delete()
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


def _hours(rows: QuerySet[Any], time: str) -> set[datetime.datetime]:
    hours = rows.annotate(hour=TruncHour(time)).values_list("hour", flat=True)
    return set(hours.distinct())
