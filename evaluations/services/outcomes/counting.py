"""Count what comes with a router's token, hour by hour, so that nobody has to look through it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db.models import F, Sum

from evaluations.models import OutcomeSummary
from evaluations.outcomes.summaries import Summary
from evaluations.services.outcomes.rollups import hour_of
from policies.models import ReportedHour, RouterToken


def count_reported(
    token: RouterToken,
    now: datetime.datetime,
    *,
    outcomes: int = 0,
    requests_in_sums: int = 0,
    feedback: int = 0,
) -> None:
    """Add to what came with a token in this hour. Belongs at the end of the transaction that keeps
    it: the token's other batches wait from here on."""
    rows = ReportedHour.objects.filter(token=token, start=hour_of(now))

    def add() -> int:
        return rows.update(
            outcomes=F("outcomes") + outcomes,
            requests_in_sums=F("requests_in_sums") + requests_in_sums,
            feedback=F("feedback") + feedback,
            last_at=now,
        )

    if not add():
        first = ReportedHour(token=token, start=hour_of(now), last_at=now)
        ReportedHour.objects.bulk_create([first], ignore_conflicts=True)
        add()


def requests_told(token: RouterToken, summaries: Sequence[Summary], now: datetime.datetime) -> int:
    """How many requests those of the summaries stand for that were kept just now, at `now`."""
    kept = OutcomeSummary.objects.filter(
        environment=token.environment_id,
        summary_id__in=[summary.summary_id for summary in summaries],
        token=token,
        received_at=now,
    )
    return kept.aggregate(told=Sum("requests"))["told"] or 0
