"""Routers that fetch releases and report nothing: what was asked with their tokens tells of
them."""

from __future__ import annotations

import datetime

from django.db.models import Exists, OuterRef, Q

from policies.models import Release, RouterInstance, RouterToken
from policies.models.tokens import USE_NOTED_EVERY, RouterTokenQuerySet
from policies.services.routers.fleet import gone_after

# A router that refuses a release asks again within a minute, and uses are noted each minute.
BEHIND_FOR = datetime.timedelta(minutes=3)


def has_untold(release: Release, now: datetime.datetime) -> bool:
    """Whether some were heard from lately, and have another release."""
    rows = unreported(release, now).filter(last_used_at__gte=now - gone_after())
    return rows.filter(~has_it(release, now)).exists()


def has_it(release: Release, now: datetime.datetime) -> Q:
    """Of tokens: its tag was named last, and no other router with the token goes on without."""
    return Q(fetched_release=release.pk) & ~_is_behind(release, now)


def unreported(release: Release, now: datetime.datetime) -> RouterTokenQuerySet:
    """Tokens of its environment behind which routers are of which no report tells.

    A token that was revoked or expired leaves its routers with what they have. So it is counted
    until it was not used for as long as a router may be silent.
    """
    rows = RouterToken.objects.filter(
        environment=release.environment_id, fetched_release__isnull=False
    )
    reporting = RouterInstance.objects.filter(
        token=OuterRef("pk"), silent_after__gte=now - gone_after()
    )
    # After a goodbye it is another router that goes on with the token.
    is_it = Q(has_ended=False) | Q(last_seen_at__gte=OuterRef("last_used_at") - USE_NOTED_EVERY)
    is_behind = _is_behind(release, now)
    return rows.filter(~Exists(reporting.filter(is_it)) | is_behind)


def _is_behind(release: Release, now: datetime.datetime) -> Q:
    """Some router with the token went on naming another release's tag."""
    since = max(release.published_at, now - BEHIND_FOR)
    return Q(behind_at__isnull=False, behind_at__gt=since)
