"""Delivering webhook messages: which are due, one try, and what follows from it."""

from __future__ import annotations

import datetime
import random
from collections import Counter

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from policies.models import Webhook, WebhookAttempt, WebhookMessage
from policies.models.webhooks import MessageState
from policies.notifications import signing
from policies.notifications.backoff import wait_after
from policies.services import audit
from policies.services.news import webhook_secrets
from policies.services.news.posting import Answer, post

# For so long a try belongs to whoever took it; a worker that died meanwhile loses it then.
LEASE = datetime.timedelta(minutes=2)
MOST_AT_ONCE = 100
# Of one receiver: one that stalls holds so many of the worker's threads, and no more.
MOST_OF_ONE = 8
MOST_OF_A_FAILING_ONE = 1
# A receiver that took nothing for so long is no longer called.
FAILING_FOR = datetime.timedelta(days=5)
GONE = 410
KEPT_FOR = datetime.timedelta(days=30)


def take_due(now: datetime.datetime | None = None) -> list[tuple[int, int]]:
    """Messages to try now, each with the number of tries so far; nobody else gets them for a while.

    The number is what makes a task that arrives twice try once.
    """
    now = now or timezone.now()
    taken: list[tuple[int, int]] = []
    of_receiver: Counter[int] = Counter()
    for message in WebhookMessage.objects.due(now).select_related("webhook"):
        failing = message.webhook.failing_since is not None
        if of_receiver[message.webhook_id] >= (MOST_OF_A_FAILING_ONE if failing else MOST_OF_ONE):
            continue
        mine = WebhookMessage.objects.filter(pk=message.pk, due_at=message.due_at)
        if mine.filter(state=MessageState.PENDING).update(due_at=now + LEASE):
            of_receiver[message.webhook_id] += 1
            taken.append((message.pk, message.tries))
        if len(taken) >= MOST_AT_ONCE:
            break
    return taken


def try_message(pk: int, tries: int, now: datetime.datetime | None = None) -> None:
    """One try, unless this very try was made already."""
    now = now or timezone.now()
    mine = WebhookMessage.objects.filter(pk=pk, tries=tries, state=MessageState.PENDING)
    if not mine.update(tries=tries + 1, due_at=now + LEASE):
        return
    message = WebhookMessage.objects.select_related("webhook__workflow").get(pk=pk)
    if not message.webhook.is_enabled:
        WebhookMessage.objects.filter(pk=pk).update(state=MessageState.FAILED)
        return
    _keep(message, _send(message, now), now)


def _send(message: WebhookMessage, now: datetime.datetime) -> Answer:
    webhook, body = message.webhook, message.body.encode()
    try:
        keys = webhook_secrets.keys_of(webhook, now)
    except webhook_secrets.KeyChanged:
        return Answer(None, 0, "", "DJANGO_SECRET_KEY was changed: rotate this webhook's secret.")
    headers = signing.headers(keys, message.public_id, int(now.timestamp()), body)
    headers |= {"Content-Type": "application/json", "User-Agent": "Routing-Console-Webhooks/1"}
    if not connection.in_atomic_block:
        connection.close()  # many threads wait for receivers; none keeps a connection meanwhile
    return post(webhook.url, headers, body, allow_private=settings.WEBHOOK_ALLOW_PRIVATE)


@transaction.atomic
def _keep(message: WebhookMessage, answer: Answer, now: datetime.datetime) -> None:
    WebhookAttempt.objects.create(
        message=message,
        number=message.tries,
        at=now,
        latency_ms=answer.latency_ms,
        status=answer.status,
        excerpt=answer.excerpt,
        error=answer.error,
    )
    webhook = Webhook.objects.select_for_update(no_key=True).get(pk=message.webhook_id)
    if not answer.error:
        message.state = MessageState.DELIVERED
        _set_failing(webhook, None)
    else:
        _after_failure(message, webhook, answer, now)
    message.save(update_fields=["state", "due_at"])


def _after_failure(
    message: WebhookMessage, webhook: Webhook, answer: Answer, now: datetime.datetime
) -> None:
    since = webhook.failing_since or now
    _set_failing(webhook, since)
    wait = wait_after(message.tries - message.tries_before, random.random)
    if wait is not None and not message.is_test and answer.status != GONE:
        message.due_at = now + wait
        return
    message.state = MessageState.FAILED
    if answer.status == GONE:
        _disable(webhook, now, "Its receiver answered 410: it is gone for good.")
    elif now - since >= FAILING_FOR and not message.is_test:
        _disable(webhook, now, f"Every delivery failed for {FAILING_FOR.days} days.")


def _set_failing(webhook: Webhook, since: datetime.datetime | None) -> None:
    if webhook.failing_since != since:
        webhook.failing_since = since
        webhook.save(update_fields=["failing_since"])


def _disable(webhook: Webhook, now: datetime.datetime, because: str) -> None:
    """Switch it off by itself; the audit row is told to those who may mend it."""
    if not webhook.is_enabled:
        return
    webhook.disabled_at, webhook.disabled_because = now, because
    webhook.save(update_fields=["disabled_at", "disabled_because"])
    webhook.messages.filter(state=MessageState.PENDING).update(state=MessageState.FAILED)
    audit.record(
        "webhook.disabled",
        webhook,
        acting_user=None,
        workflow=webhook.workflow,
        detail={"name": webhook.name, "reason": because},
    )


def forget_old(now: datetime.datetime | None = None) -> int:
    """Drop the log of deliveries that ended long ago; returns how many messages."""
    ended = WebhookMessage.objects.exclude(state=MessageState.PENDING)
    count, _ = ended.filter(created_at__lt=(now or timezone.now()) - KEPT_FOR).delete()
    return count
