"""What a webhook's receiver gets, and what follows from its answers."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from policies.models import (
    AuditEvent,
    Environment,
    Notification,
    Webhook,
    WebhookAttempt,
    WebhookMessage,
)
from policies.models.webhooks import BodyKind, MessageState
from policies.notifications.backoff import MOST_TRIES
from policies.services.news import webhook_delivery, webhooks
from policies.services.news.news import tell_news
from policies.services.news.webhooks import WebhookFacts
from policies.tasks import deliver_news, try_message
from tests.policies.news.webhook_receiver import Receiver, is_signed_by, listening
from tests.policies.steps import in_review
from tests.services.worker import WorkerProcess

ASKED = ("change.review_asked",)
Added = Callable[..., tuple[Webhook, str]]


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """A receiver on this machine, which the console may call here."""
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with listening() as receiver:
        yield receiver


@pytest.fixture
def added(staging: Environment, operator: User, receiver: Receiver) -> Added:
    """`added(body_kind)` is a webhook for reviews asked, and its secret."""

    def add(body_kind: str = BodyKind.STANDARD) -> tuple[Webhook, str]:
        facts = WebhookFacts("Robot", receiver.url, body_kind, ASKED)
        return webhooks.add_webhook(staging.workflow, facts, acting_user=operator)

    return add


def deliver(now: datetime.datetime | None = None) -> int:
    """Do what the task does, at a moment; returns how many messages were due."""
    tell_news()
    due = webhook_delivery.take_due(now)
    for pk, tries in due:
        webhook_delivery.try_message(pk, tries, now)
    return len(due)


def test_delivery__standard__is_signed_and_says_what_happened(
    staging: Environment, author: User, receiver: Receiver, added: Added, settings: Settings
) -> None:
    settings.CONSOLE_URL = "https://console.example.com"
    _, secret = added()
    change = in_review(staging, author)
    deliver()
    (request,) = receiver.received
    assert is_signed_by(secret, request)
    assert not is_signed_by("whsec_" + "A" * 44, request)
    body = json.loads(request.body)
    assert body["type"] == "change.review_asked"
    assert body["data"]["subject"]["number"] == change.number
    assert body["data"]["subject"]["digest"] == change.bundle.digest
    assert body["data"]["url"] == f"https://console.example.com{change.get_absolute_url()}"
    assert datetime.datetime.fromisoformat(body["timestamp"]).tzinfo is not None
    assert request.headers["webhook-id"].startswith("msg_")


def test_delivery__slack__has_text_and_blocks_and_cannot_be_steered_by_a_title(
    staging: Environment, author: User, receiver: Receiver, added: Added
) -> None:
    _, secret = added(BodyKind.SLACK)
    change = in_review(staging, author)
    change.title = "<!channel> & <https://evil.example|click>"
    change.save(update_fields=["title"])
    deliver()
    (request,) = receiver.received
    body = json.loads(request.body)
    assert set(body) == {"text", "blocks"}
    assert "&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;" in body["text"]
    assert "<" not in request.body.decode()
    assert body["blocks"][0]["text"]["type"] == "mrkdwn"
    assert is_signed_by(secret, request)


def test_delivery__of_other_events__calls_nobody(
    staging: Environment, author: User, operator: User, receiver: Receiver
) -> None:
    facts = WebhookFacts("Robot", receiver.url, BodyKind.STANDARD, ("release.published",))
    webhooks.add_webhook(staging.workflow, facts, acting_user=operator)
    in_review(staging, author)
    deliver()
    assert receiver.received == []


def test_delivery__the_same_task_twice__posts_once(
    staging: Environment, author: User, receiver: Receiver, added: Added
) -> None:
    added()
    in_review(staging, author)
    tell_news()
    ((pk, tries),) = webhook_delivery.take_due()
    assert webhook_delivery.take_due() == []
    for _ in range(3):
        webhook_delivery.try_message(pk, tries)
    assert len(receiver.received) == 1
    assert WebhookAttempt.objects.count() == 1


def test_receiver__with_many_messages__gets_some_and_leaves_room_for_others(
    staging: Environment, author: User, receiver: Receiver, added: Added
) -> None:
    webhook, _ = added()
    in_review(staging, author)
    tell_news()
    (first,) = WebhookMessage.objects.all()
    for number in range(20):
        first.pk, first.audit_event, first.public_id = None, None, f"msg_{number}"
        first.save()
    most = webhook_delivery.MOST_OF_ONE
    assert WebhookMessage.objects.count() > 2 * most
    assert len(webhook_delivery.take_due()) == most

    Webhook.objects.filter(pk=webhook.pk).update(failing_since=timezone.now())
    assert len(webhook_delivery.take_due()) == webhook_delivery.MOST_OF_A_FAILING_ONE


def test_delivery__refused_all_along__is_tried_at_growing_intervals_then_given_up(
    staging: Environment, author: User, receiver: Receiver, added: Added
) -> None:
    added()
    receiver.statuses, receiver.answer = [503], b"busy"
    in_review(staging, author)
    now, waits = timezone.now() + datetime.timedelta(minutes=1), []
    for _ in range(MOST_TRIES - 1):
        assert deliver(now) == 1
        message = WebhookMessage.objects.get()
        waits.append(message.due_at - now)
        assert deliver(message.due_at - datetime.timedelta(seconds=1)) == 0
        now = message.due_at
    assert deliver(now) == 1
    assert waits == sorted(waits)
    assert all(later > 2 * sooner for sooner, later in pairwise(waits))
    assert sum(waits, datetime.timedelta()) > datetime.timedelta(hours=12)
    message = WebhookMessage.objects.get()
    assert message.state == MessageState.FAILED
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1
    first = message.attempts.order_by("number").first()
    assert first is not None
    assert (first.status, first.excerpt, first.error) == (503, "busy", "Answered 503.")
    assert message.attempts.count() == len(receiver.received) == MOST_TRIES


def test_delivery__answered_well_at_last__ends_the_failing(
    staging: Environment, author: User, receiver: Receiver, added: Added
) -> None:
    added()
    receiver.statuses = [500, 200]
    in_review(staging, author)
    deliver()
    assert Webhook.objects.get().failing_since is not None
    deliver(WebhookMessage.objects.get().due_at)
    assert Webhook.objects.get().failing_since is None
    assert WebhookMessage.objects.get().state == MessageState.DELIVERED


def test_delivery__by_a_worker_that_died__is_taken_up_again(
    staging: Environment, author: User, receiver: Receiver, added: Added
) -> None:
    added()
    in_review(staging, author)
    tell_news()
    now = timezone.now()
    assert webhook_delivery.take_due(now)  # and then nothing: the worker is gone
    assert deliver(now + datetime.timedelta(minutes=1)) == 0
    assert deliver(now + datetime.timedelta(minutes=3)) == 1
    assert len(receiver.received) == 1


def give_up(webhook: Webhook, receiver: Receiver, days: float, status: int) -> None:
    """Fail the last try of a message, the first failure being so many days ago."""
    receiver.statuses = [status]
    now = timezone.now() + datetime.timedelta(seconds=1)
    webhook.failing_since = now - datetime.timedelta(days=days)
    webhook.save(update_fields=["failing_since"])
    WebhookMessage.objects.update(tries=MOST_TRIES - 1)
    deliver(now)
    webhook.refresh_from_db()


def test_webhook__failing_for_days__is_switched_off_and_its_managers_are_told(
    staging: Environment,
    author: User,
    operator: User,
    receiver: Receiver,
    added: Added,
) -> None:
    webhook, _ = added()
    in_review(staging, author)
    tell_news()
    give_up(webhook, receiver, 5.1, 500)
    assert not webhook.is_enabled
    assert "5 days" in webhook.disabled_because
    row = AuditEvent.objects.get(action="webhook.disabled")
    assert row.actor is None
    tell_news()
    told = Notification.objects.filter(event="webhook.disabled")
    people = set(told.values_list("recipient__username", flat=True))
    assert people == {"operator", "owner", "administrator", "installer"}
    in_review(staging, author)
    tell_news()
    assert WebhookMessage.objects.count() == 1


def test_webhook__failing_for_a_day__is_called_on(
    staging: Environment, author: User, receiver: Receiver, added: Added
) -> None:
    webhook, _ = added()
    in_review(staging, author)
    tell_news()
    give_up(webhook, receiver, 1, 500)
    assert webhook.is_enabled


def test_webhook__whose_receiver_is_gone__is_switched_off_at_once(
    staging: Environment, author: User, receiver: Receiver, added: Added
) -> None:
    webhook, _ = added()
    receiver.statuses = [410]
    in_review(staging, author)
    deliver()
    webhook.refresh_from_db()
    assert "410" in webhook.disabled_because


def test_redelivery__of_a_message__has_the_same_id_and_body(
    staging: Environment, author: User, operator: User, receiver: Receiver, added: Added
) -> None:
    added()
    in_review(staging, author)
    deliver()
    webhooks.redeliver(WebhookMessage.objects.get(), acting_user=operator)
    deliver()
    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    numbers = WebhookAttempt.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [1, 2]


def test_test_button__sends_one_signed_event_that_is_not_retried(
    operator: User, receiver: Receiver, added: Added
) -> None:
    webhook, secret = added()
    receiver.statuses = [500]
    webhooks.send_test(webhook, acting_user=operator)
    deliver()
    (request,) = receiver.received
    assert is_signed_by(secret, request)
    assert json.loads(request.body)["type"] == "webhook.test"
    assert WebhookMessage.objects.get().state == MessageState.FAILED


def test_secret__rotated__signs_beside_the_old_one_for_a_day(
    operator: User, receiver: Receiver, added: Added
) -> None:
    webhook, old = added()
    webhook, new = webhooks.rotate_secret(webhook, acting_user=operator)
    webhooks.send_test(webhook, acting_user=operator)
    deliver()
    (request,) = receiver.received
    assert is_signed_by(old, request)
    assert is_signed_by(new, request)
    Webhook.objects.update(previous_until=timezone.now())
    webhooks.send_test(webhook, acting_user=operator)
    deliver()
    assert not is_signed_by(old, receiver.received[1])
    assert is_signed_by(new, receiver.received[1])


def test_secret__after_the_installations_key_changed__is_not_used_silently(
    operator: User, receiver: Receiver, added: Added, settings: Settings
) -> None:
    webhook, secret = added()
    before = settings.SECRET_KEY
    settings.SECRET_KEY = "another-key-of-the-installation"
    webhooks.send_test(webhook, acting_user=operator)
    deliver()
    assert receiver.received == []
    assert "rotate" in WebhookAttempt.objects.get().error
    settings.SECRET_KEY_FALLBACKS = [before]
    webhooks.send_test(webhook, acting_user=operator)
    deliver()
    assert is_signed_by(secret, receiver.received[0])


@pytest.mark.slow
def test_worker__with_every_task_queued_twice__posts_each_message_once(
    staging: Environment,
    author: User,
    receiver: Receiver,
    added: Added,
    celery_worker_process: Callable[..., WorkerProcess],
) -> None:
    _, secret = added()
    celery_worker_process(concurrency=2, ROUTING_CONSOLE_WEBHOOK_ALLOW_PRIVATE="1")
    in_review(staging, author)
    receiver.wait_for(1)
    assert is_signed_by(secret, receiver.received[0])
    message = WebhookMessage.objects.get()
    for _ in range(5):
        deliver_news.delay()
        try_message.delay(message.pk, 0)
    in_review(staging, author)
    receiver.wait_for(2)
    identities = [request.headers["webhook-id"] for request in receiver.received]
    assert len(set(identities)) == 2


@pytest.mark.slow
def test_receivers__that_take_messages_and_do_not_answer__delay_nobody_else(
    staging: Environment,
    author: User,
    operator: User,
    receiver: Receiver,
    celery_worker_process: Callable[..., WorkerProcess],
) -> None:
    celery_worker_process(concurrency=8, pool="threads", ROUTING_CONSOLE_WEBHOOK_ALLOW_PRIVATE="1")
    with ExitStack() as stack:
        stalling = [stack.enter_context(listening()) for _ in range(3)]
        for each in (*stalling, receiver):  # the one that answers comes last
            facts = WebhookFacts(f"Robot {each.url}", each.url, BodyKind.STANDARD, ASKED)
            webhooks.add_webhook(staging.workflow, facts, acting_user=operator)
        for each in stalling:
            each.answering.clear()
        in_review(staging, author)
        receiver.wait_for(1)
        for each in stalling:  # all were called, and none has been answered yet
            each.wait_for(1)
        assert (
            WebhookAttempt.objects.filter(
                message__webhook__url__in=[each.url for each in stalling]
            ).count()
            == 0
        )
