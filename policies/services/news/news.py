"""Tells the audit trail: each row that is news becomes notifications and webhook messages, once.

Rows are read after a cursor, in order, whoever starts this and however often. The audit trail
gives out its numbers under a lock, so no row can appear before the cursor later.
"""

from __future__ import annotations

import datetime
import logging

from django.conf import settings
from django.contrib.auth.models import User
from django.db import Error as DatabaseError
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string

from policies.models import (
    AuditEvent,
    Comment,
    MailPreference,
    NewsCursor,
    Notification,
    Webhook,
    WebhookMessage,
)
from policies.models.webhooks import BodyKind
from policies.notifications.announcements import Announcement, announcement_of
from policies.notifications.events import WEBHOOK_EVENTS, WORDS, Event
from policies.notifications.news import News, shortened, slack_body, standard_body
from policies.notifications.recipients import recipients
from policies.services.news.subjects import Subject, subject_of
from policies.services.review.rosters import roster_of

BATCH = 50
# What happened longer ago (a demo's history, an outage of a week) is filed as read, and neither
# mailed nor posted: it would arrive as if it had just happened.
NEWS_FOR = datetime.timedelta(days=7)
logger = logging.getLogger(__name__)


def tell_news() -> int:
    """Tell all that is not told yet; returns how many audit rows were looked at."""
    looked_at = 0
    while batch := _tell_batch():
        looked_at += batch
    return looked_at


@transaction.atomic
def _tell_batch() -> int:
    cursor, _ = NewsCursor.objects.select_for_update().get_or_create(pk=1)
    rows = AuditEvent.objects.filter(sequence__gt=cursor.last_sequence).order_by("sequence")
    events = list(rows.select_related("actor", "workflow__team")[:BATCH])
    for event in events:
        try:
            with transaction.atomic():
                _tell(event)
        except DatabaseError:
            raise  # the whole batch is told again when the database is back
        except Exception:
            # One row that cannot be told must not silence all that come after it.
            logger.exception("Audit row %s could not be told to anybody.", event.sequence)
    if events:
        cursor.last_sequence = events[-1].sequence
        cursor.save(update_fields=["last_sequence"])
    return len(events)


def _tell(event: AuditEvent) -> None:
    _mark_done(event)
    announcement = announcement_of(event.action, event.detail)
    subject = subject_of(event)
    if announcement is None or subject is None or event.workflow is None:
        return
    news = _news(event, announcement, subject)
    roster = roster_of(event, subject.changes)
    told = recipients(announcement.audience, roster, event.actor_id)
    is_recent = timezone.now() - event.time < NEWS_FOR
    _notify(event, news, told, is_recent=is_recent)
    if is_recent and announcement.event in WEBHOOK_EVENTS:
        _queue_messages(event, news)


def _mark_done(event: AuditEvent) -> None:
    """Who acts on a thing has seen what they were told about it."""
    if event.actor_id is not None:
        told = Notification.objects.filter(
            recipient_id=event.actor_id,
            read_at=None,
            audit_event__object_type=event.object_type,
            audit_event__object_id=event.object_id,
        )
        told.update(read_at=event.time)


def _news(event: AuditEvent, announcement: Announcement, subject: Subject) -> News:
    workflow = event.workflow
    if workflow is None:
        raise ValueError(f"Audit row {event.sequence} belongs to no workflow.")
    actor = "The console"
    if event.actor is not None:
        actor = event.actor.get_full_name() or event.actor.get_username()
    sentence = announcement.sentence.format(actor=actor, subject=subject.name)
    note = str(event.detail.get(announcement.note_key) or "")
    if "comment" in event.detail:
        comment = Comment.objects.filter(pk=event.detail["comment"]).first()
        note = comment.body if comment else ""
    return News(
        event=announcement.event,
        sentence=sentence[0].upper() + sentence[1:],
        note=shortened(note),
        time=event.time,
        actor=event.actor_name,
        workflow_slug=workflow.slug,
        workflow_name=workflow.name,
        path=subject.path,
        subject=subject.facts,
        audit_sequence=event.sequence,
    )


# --- Telling ----------------------------------------------------------------------------
def _notify(event: AuditEvent, news: News, told: dict[int, str], *, is_recent: bool) -> None:
    mailed = _wanting_mail(list(told), news.event) if is_recent else set()
    now = timezone.now()
    rows = [
        Notification(
            recipient_id=pk,
            audit_event=event,
            event=news.event,
            workflow=event.workflow,
            sentence=shortened(news.sentence),
            note=news.note,
            because=because,
            path=news.path,
            created_at=event.time,
            read_at=None if is_recent else event.time,
            mail_due_at=now if pk in mailed else None,
        )
        for pk, because in told.items()
    ]
    # A second telling of the same row would meet the unique key, and changes nothing.
    Notification.objects.bulk_create(rows, ignore_conflicts=True)


def mail_is_set_up() -> bool:
    """Whether this console sends mail at all."""
    return not str(settings.EMAIL_BACKEND).endswith(".dummy.EmailBackend")


def _wanting_mail(people: list[int], event: Event) -> set[int]:
    if not mail_is_set_up():
        return set()
    chosen = dict(
        MailPreference.objects.filter(user__in=people, event=event).values_list(
            "user_id", "by_mail"
        )
    )
    reachable = User.objects.filter(pk__in=people).exclude(email="").values_list("pk", flat=True)
    return {pk for pk in reachable if chosen.get(pk, WORDS[event].by_mail)}


def _queue_messages(event: AuditEvent, news: News) -> None:
    webhooks = Webhook.objects.filter(workflow=event.workflow, disabled_at=None)
    rows = [
        WebhookMessage(
            webhook=webhook,
            audit_event=event,
            public_id=new_message_id(),
            event=news.event,
            body=body_of(news, webhook),
            due_at=timezone.now(),
        )
        for webhook in webhooks
        if news.event.value in webhook.events
    ]
    WebhookMessage.objects.bulk_create(rows, ignore_conflicts=True)


def new_message_id() -> str:
    return f"msg_{get_random_string(27)}"


def body_of(news: News, webhook: Webhook) -> str:
    """The news as this webhook wants it."""
    write = slack_body if webhook.body_kind == BodyKind.SLACK else standard_body
    return write(news, settings.CONSOLE_URL)
