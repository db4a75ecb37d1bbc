"""Who has a draft open now: kept in the cache for two minutes, no part of any record."""

from __future__ import annotations

from contextlib import suppress

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models import Q
from redis.exceptions import RedisError

from policies.models import Draft

FOR_SECONDS = 120


def arrive(draft: Draft, user: User) -> None:
    """This person opened, saved or still has open an editor of the draft."""
    with suppress(RedisError):  # nobody's save may fail for want of a courtesy
        cache.set(_key(draft, user.pk), True, FOR_SECONDS)


def others(draft: Draft, user: User) -> list[User]:
    """The other people who are at the draft, by name."""
    team = draft.workflow.team_id
    who = Q(memberships__team=team) | Q(contributed_drafts=draft)
    people = User.objects.filter(who).exclude(pk=user.pk).distinct().order_by("username")
    keys = {_key(draft, person.pk): person for person in people}
    with suppress(RedisError):
        there = cache.get_many(keys)
        return [person for key, person in keys.items() if key in there]
    return []


def _key(draft: Draft, user: int) -> str:
    return f"at-draft:{draft.pk}:{user}"
