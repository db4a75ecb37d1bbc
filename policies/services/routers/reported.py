"""What came with each router's token lately: whose word the scorecard is."""

from __future__ import annotations

import datetime

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from policies.models import ReportedHour, RouterInstance, RouterToken

LATELY = datetime.timedelta(hours=24)
KEPT_FOR = datetime.timedelta(days=7)


def with_reports(rows: QuerySet[RouterToken], now: datetime.datetime) -> QuerySet[RouterToken]:
    """The tokens, each with what came with it in the last 24 hours, counted from the full hour
    before: `told_outcomes`, `told_requests_in_sums`, `told_feedback`, `told_routers`; and
    `last_reported_at`, None when nothing counts that came with it.
    """
    since = (now - LATELY).replace(minute=0, second=0, microsecond=0)
    hours = ReportedHour.objects.filter(token=OuterRef("pk"))
    lately = hours.filter(start__gte=since).order_by().values("token")
    seen = RouterInstance.objects.filter(token=OuterRef("pk"), last_seen_at__gte=since)
    routers = seen.order_by().values("token")

    def told(column: str) -> Coalesce:
        return Coalesce(Subquery(lately.annotate(told=Sum(column)).values("told")), 0)

    return rows.annotate(
        told_outcomes=told("outcomes"),
        told_requests_in_sums=told("requests_in_sums"),
        told_feedback=told("feedback"),
        told_routers=Coalesce(Subquery(routers.annotate(told=Count("pk")).values("told")), 0),
        last_reported_at=Subquery(hours.order_by("-start").values("last_at")[:1]),
    )


def forget_hours(now: datetime.datetime | None = None) -> int:
    """Drop hours that nobody counts any more; returns how many. The last of each token stays: it
    says when the token last reported."""
    before = (now or timezone.now()) - KEPT_FOR
    later = ReportedHour.objects.filter(token=OuterRef("token"), start__gt=OuterRef("start"))
    dropped, _ = ReportedHour.objects.filter(Exists(later), start__lt=before).delete()
    return dropped
