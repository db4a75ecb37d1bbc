"""Routers that fetch releases and report nothing: what was asked with their tokens tells of
them."""

from __future__ import annotations

import datetime

from django.db.models import Exists, F, OuterRef, Q

from policies.models import Release, RouterInstance, RouterToken
from policies.models.tokens import USE_NOTED_EVERY, RouterTokenQuerySet
from policies.services.routers.fleet import gone_after

# A router that refuses a release asks again within a minute, and uses are noted each minute.
BEHIND_FOR = datetime.timedelta(minutes=3)
# So a release that is younger may yet be refused by another router with a token that has it.
SHOWS_AFTER = datetime.timedelta(seconds=90)
# Uses and reports are noted to the minute each.
MOVED_WITHIN = 2 * USE_NOTED_EVERY


def has_untold(release: Release, now: datetime.datetime) -> bool:
    """Whether some were heard from lately, and have another release or may turn out to."""
    rows = unreported(release, now).filter(last_used_at__gte=now - gone_after())
    if release.published_at > now - SHOWS_AFTER:
        return rows.exists()
    return rows.filter(~has_it(release, now)).exists()


def has_it(release: Release, now: datetime.datetime) -> Q:
    """Of tokens: its tag was named last, and no other router with the token goes on without."""
    return Q(fetched_release=release.pk) & ~_is_behind(release, now)


def unreported(release: Release, now: datetime.datetime) -> RouterTokenQuerySet:
    """Tokens of its environment behind which routers are of which no report tells.

    A token that was revoked or expired leaves its routers with what they have. So it is counted
    until it was not used for as long as a router may be silent.
    """
    is_behind = _is_behind(release, now)
    fetches = Q(fetched_release__isnull=False) | Q(behind_at__isnull=False)
    rows = RouterToken.objects.filter(fetches, environment=release.environment_id)
    # A router that said goodbye, or goes on with another token, did report for as long as it used
    # this one; who uses it afterwards is another.
    has_reported = Q(reported_at__gte=F("last_used_at") - MOVED_WITHIN)
    reporting = RouterInstance.objects.filter(
        token=OuterRef("pk"), has_ended=False, silent_after__gte=now - gone_after()
    )
    return rows.filter(~(Exists(reporting) | has_reported) | is_behind)


def _is_behind(release: Release, now: datetime.datetime) -> Q:
    """Some router with the token went on naming another release's tag."""
    since = max(release.published_at, now - BEHIND_FOR)
    return Q(behind_at__gt=since)
