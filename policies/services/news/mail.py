"""Mails owed to people: which are due, and sending one."""

from __future__ import annotations

import datetime
import logging
import random
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone

from policies.models import Notification
from policies.notifications.backoff import wait_after
from policies.notifications.news import absolute, mail_subject, mail_text

LEASE = datetime.timedelta(minutes=2)
MOST_AT_ONCE = 100
logger = logging.getLogger(__name__)


def take_due(now: datetime.datetime | None = None) -> list[tuple[int, int]]:
    """Notifications to mail now, each with the number of tries so far."""
    now = now or timezone.now()
    taken = []
    for owed in Notification.objects.mail_due(now)[:MOST_AT_ONCE]:
        mine = Notification.objects.filter(pk=owed.pk, mail_due_at=owed.mail_due_at)
        if mine.update(mail_due_at=now + LEASE):
            taken.append((owed.pk, owed.mail_tries))
    return taken


def send_mail(pk: int, tries: int, now: datetime.datetime | None = None) -> None:
    """Mail one notification, unless this very try was made already."""
    now = now or timezone.now()
    mine = Notification.objects.filter(pk=pk, mail_tries=tries, mail_due_at__isnull=False)
    if not mine.update(mail_tries=tries + 1, mail_due_at=now + LEASE):
        return
    notification = Notification.objects.select_related("recipient", "workflow").get(pk=pk)
    reachable = notification.recipient.is_active and notification.recipient.email
    may_see = Notification.objects.of(notification.recipient).filter(pk=pk).exists()
    if not reachable or not may_see:
        _settle(pk, None)
        return
    try:
        _compose(notification).send()
    except (OSError, SMTPException) as error:
        logger.warning("The mail of notification %s was not taken: %s", pk, error)
        wait = wait_after(tries + 1, random.random)
        _settle(pk, now + wait if wait is not None else None)
    else:
        Notification.objects.filter(pk=pk).update(mail_due_at=None, mailed_at=now)


def _settle(pk: int, due_at: datetime.datetime | None) -> None:
    Notification.objects.filter(pk=pk).update(mail_due_at=due_at)


def _compose(notification: Notification) -> EmailMessage:
    link = absolute(settings.CONSOLE_URL, notification.get_absolute_url())
    preferences = absolute(settings.CONSOLE_URL, reverse("inbox-preferences"))
    sender_host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "localhost"
    return EmailMessage(
        mail_subject(notification.workflow.name, notification.sentence),
        mail_text(
            notification.sentence,
            notification.note,
            notification.because,
            link,
            preferences,
        ),
        to=[notification.recipient.email],
        # The same at every try: should one be sent twice, a mail program shows it once.
        headers={"Message-ID": f"<notification-{notification.pk}@{sender_host}>"},
    )
