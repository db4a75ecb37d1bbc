"""Take back what a router's token reported: a stolen one, or one that told nonsense."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import TruncHour
from django.utils import timezone

from evaluations.models import Grain, Outcome, OutcomeSummary, OutcomeWord, ReportedName
from evaluations.services.outcomes.resting import wake
from evaluations.services.outcomes.rollups import day_of, hour_of, mark
from evaluations.services.outcomes.words import take_words_back
from policies.models import Release, ReleaseArrival, ReportedHour, RouterInstance, RouterToken
from policies.services import audit
from policies.services.rights import require_right

AT_ONCE = 500


@dataclass(frozen=True)
class Removed:
    """How many rows went, on how many outcomes of others its feedback was taken back, and how many
    hours are summed again."""

    outcomes: int
    feedback: int
    summaries: int
    hours: int
    routers: int


@transaction.atomic
def remove_reported(token: RouterToken, *, acting_user: User) -> Removed:
    """Remove all outcomes, summaries, feedback, names and routers that were reported with a token.

    Rows first and the marks of their hours after them, as whoever reports does, so that nobody
    waits for one another. The token itself stays as it is; what it reports afterwards counts
    again, so revoke it before.
    """
    environment = token.environment
    team = environment.workflow.team
    require_right("manage_tokens", team, acting_user=acting_user, to="remove what a token reported")
    now = timezone.now()
    gone, taken_back, hours = _remove_outcomes(token)
    sums_gone, hours_of_sums = _remove_summaries(token)
    hours |= hours_of_sums
    mark(environment, Grain.HOUR, hours, now)
    buckets = [*((Grain.HOUR, hour) for hour in hours), *{(Grain.DAY, day_of(h)) for h in hours}]
    transaction.on_commit(lambda: wake(environment, buckets))
    ReportedHour.objects.filter(token=token).delete()
    ReportedName.objects.filter(token=token).delete()
    told = _remove_routers(token)
    if not token.is_usable:
        # No router of which anything is known goes on with it.
        RouterToken.objects.filter(pk=token.pk).update(fetched_release=None, behind_at=None)
    if told:
        # It may have counted as delivered by their word: whoever is left shall say so.
        Release.objects.active().filter(environment=environment).update(delivered_at=None)
    removed = Removed(gone, taken_back, sums_gone, len(hours), told)
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
            "feedback": removed.feedback,
            "summaries": removed.summaries,
            "hours": removed.hours,
            "routers": removed.routers,
        },
    )
    return removed


def _remove_outcomes(token: RouterToken) -> tuple[int, int, set[datetime.datetime]]:
    """Remove a token's outcomes, and its feedback on those of others; how many of each, and of
    which hours."""
    outcomes = Outcome.objects.filter(environment=token.environment)
    spoken_of = OutcomeWord.objects.filter(token=token).values("outcome")
    # All are locked before anything is changed, in one order, that of feedback.
    locked = outcomes.filter(Q(token=token) | Q(pk__in=spoken_of)).select_for_update()
    rows = locked.order_by("pk").values_list("pk", "time", "token")
    hours: set[datetime.datetime] = set()
    of_others: list[int] = []
    for pk, moment, teller in rows.iterator(chunk_size=2000):
        hours.add(hour_of(moment))
        if teller != token.pk:
            of_others.append(pk)
    going = _within(outcomes.filter(token=token), "time", hours)
    OutcomeWord.objects.filter(outcome__in=going.values("pk")).delete()
    gone = going.delete()[0]
    take_words_back(token, of_others)
    return gone, len(of_others), hours


def _remove_summaries(token: RouterToken) -> tuple[int, set[datetime.datetime]]:
    """Remove a token's summaries; how many, and of which hours."""
    rows = OutcomeSummary.objects.filter(environment=token.environment, token=token)
    minutes = rows.select_for_update().order_by("pk").values_list("minute", flat=True)
    hours = {hour_of(minute) for minute in minutes.iterator(chunk_size=2000)}
    return _within(rows, "minute", hours).delete()[0], hours


def _remove_routers(token: RouterToken) -> int:
    """Remove what last reported with a token, and where releases arrived by its word; how many."""
    rows = RouterInstance.objects.filter(environment=token.environment, token=token)
    # Planes lock in this order, and nothing that came since is touched: nobody waits in a ring.
    locked = rows.order_by("instance_id").select_for_update().values_list("pk", "instance_id")
    told = list(locked)
    for start in range(0, len(told), AT_ONCE):
        pks, names = zip(*told[start : start + AT_ONCE], strict=True)
        arrivals = ReleaseArrival.objects.filter(release__environment=token.environment)
        arrivals.filter(instance_id__in=names).delete()
        RouterInstance.objects.filter(pk__in=pks).delete()
    return len(told)


def _within(rows: QuerySet[Any], time: str, hours: set[datetime.datetime]) -> QuerySet[Any]:
    """Those of certain hours: what has come since for others stays, since nobody would sum those
    without it."""
    with_hour: QuerySet[Any] = rows.annotate(hour=TruncHour(time, tzinfo=datetime.UTC))
    return with_hour.filter(hour__in=hours)
