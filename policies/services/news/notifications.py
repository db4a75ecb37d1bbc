"""A person's inbox, and what of it they want by mail."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from policies.engine import DocumentError, Problem
from policies.models import MailPreference, Notification
from policies.notifications.events import PEOPLE_EVENTS, WORDS

KEPT_FOR = datetime.timedelta(days=365)


def mark_read(notification: Notification, *, acting_user: User, is_read: bool = True) -> None:
    """Note that a person has seen one of theirs, or wants to see it again."""
    mine = Notification.objects.filter(pk=notification.pk, recipient=acting_user)
    if is_read:
        mine.filter(read_at=None).update(read_at=timezone.now())
    else:
        mine.update(read_at=None)


def mark_all_read(*, acting_user: User, up_to: int | None = None) -> int:
    """All of theirs, or those up to the one shown last: what came meanwhile stays unread."""
    mine = Notification.objects.filter(recipient=acting_user, read_at=None)
    if up_to is not None:
        mine = mine.filter(pk__lte=up_to)
    return mine.update(read_at=timezone.now())


def mail_choices(user: User) -> dict[str, bool]:
    """For each event, whether it is mailed to this person."""
    chosen = dict(MailPreference.objects.filter(user=user).values_list("event", "by_mail"))
    return {event.value: chosen.get(event.value, WORDS[event].by_mail) for event in PEOPLE_EVENTS}


@transaction.atomic
def choose_mail(choices: Mapping[str, bool], *, acting_user: User) -> dict[str, bool]:
    """Say for some events whether they are mailed; others stay as they are."""
    unknown = sorted(set(choices) - {event.value for event in PEOPLE_EVENTS})
    if unknown:
        raise DocumentError([Problem(f"/{name}", "is not an event") for name in unknown])
    for event, by_mail in choices.items():
        MailPreference.objects.update_or_create(
            user=acting_user, event=event, defaults={"by_mail": by_mail}
        )
    return mail_choices(acting_user)


def forget_old(now: datetime.datetime | None = None) -> int:
    """Drop what was told a year ago; the audit trail keeps that it happened."""
    old = Notification.objects.filter(created_at__lt=(now or timezone.now()) - KEPT_FOR)
    count, _ = old.delete()
    return count
