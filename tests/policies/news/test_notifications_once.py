"""Nobody is told twice, whoever tells the news and however often; and nothing is lost."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from unittest import mock

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.db import connection, connections
from django.utils import timezone
from kombu.exceptions import OperationalError

from policies.models import AuditEvent, Environment, NewsCursor, Notification, Webhook
from policies.models.webhooks import WebhookMessage
from policies.notifications.events import Event
from policies.services import waking
from policies.services.news import news
from policies.services.news.news import tell_news
from policies.services.news.webhooks import WebhookFacts, add_webhook
from tests.policies.steps import in_review
from tests.services.worker import WorkerProcess

FACTS = WebhookFacts("Robot", "https://hooks.example.com/x")


@pytest.fixture
def webhook(staging: Environment, operator: User) -> Webhook:
    webhook, _ = add_webhook(staging.workflow, FACTS, acting_user=operator)
    return webhook


def start_over() -> None:
    """As if the console had forgotten how far it got."""
    NewsCursor.objects.update(last_sequence=0)


def test_news__told_again_from_the_start__tells_nobody_twice(
    staging: Environment, webhook: Webhook, author: User, reviewer: User
) -> None:
    in_review(staging, author)
    assert tell_news() > 0
    told, queued = Notification.objects.count(), WebhookMessage.objects.count()
    assert told >= 2
    assert queued == 1
    start_over()
    assert tell_news() > 0
    assert (Notification.objects.count(), WebhookMessage.objects.count()) == (told, queued)


def test_news__with_nothing_new__looks_at_no_row(staging: Environment) -> None:
    tell_news()
    assert tell_news() == 0


def test_news__one_row_that_cannot_be_told__does_not_silence_the_others(
    staging: Environment, author: User, reviewer: User
) -> None:
    in_review(staging, author)
    row = AuditEvent.objects.order_by("sequence").first()
    plain = news._tell

    def stumble(event: AuditEvent) -> None:
        if row is not None and event.pk == row.pk:
            raise ValueError("no such thing")
        plain(event)

    with mock.patch.object(news, "_tell", stumble):
        tell_news()
    assert Notification.objects.filter(event=Event.REVIEW_ASKED, recipient=reviewer).exists()


def test_news__of_weeks_ago__is_filed_as_read_and_not_posted(
    staging: Environment, webhook: Webhook, author: User, reviewer: User
) -> None:
    in_review(staging, author)
    later = timezone.now() + datetime.timedelta(days=30)
    with mock.patch.object(timezone, "now", return_value=later):
        tell_news()
    assert Notification.objects.filter(recipient=reviewer).exists()
    assert not Notification.objects.unread().exists()
    assert not WebhookMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_news__told_by_many_at_once__reaches_each_once(
    staging: Environment, webhook: Webhook, author: User, reviewer: User, owner: User
) -> None:
    in_review(staging, author)
    gate = threading.Barrier(6)
    troubles: list[Exception] = []

    def tell() -> None:
        try:
            gate.wait()
            tell_news()
        except Exception as error:
            troubles.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=tell) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert troubles == []
    asked = Notification.objects.filter(event=Event.REVIEW_ASKED)
    assert sorted(asked.values_list("recipient__username", flat=True)) == ["owner", "reviewer"]
    assert WebhookMessage.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_broker__that_is_down__stops_nobody_and_loses_nothing(
    staging: Environment, author: User, reviewer: User
) -> None:
    sending = "policies.services.waking.current_app.send_task"
    with mock.patch(sending, side_effect=OperationalError("gone")) as send:
        in_review(staging, author)
    assert send.called
    assert not Notification.objects.exists()
    tell_news()  # as the scheduler does
    assert Notification.objects.filter(recipient=reviewer).exists()


@pytest.mark.slow
def test_worker__with_the_same_task_many_times__tells_each_once(
    staging: Environment,
    author: User,
    reviewer: User,
    owner: User,
    celery_worker_process: Callable[..., WorkerProcess],
) -> None:
    assert not connection.in_atomic_block
    celery_worker_process(concurrency=2)
    in_review(staging, author)
    for _ in range(10):
        current_app.send_task(waking.DELIVER_NEWS)
    give_up_at = timezone.now() + datetime.timedelta(seconds=20)
    while not Notification.objects.exists() and timezone.now() < give_up_at:
        threading.Event().wait(0.1)
    threading.Event().wait(1.0)
    asked = Notification.objects.filter(event=Event.REVIEW_ASKED)
    assert sorted(asked.values_list("recipient__username", flat=True)) == ["owner", "reviewer"]
