"""Webhooks of a workflow: who may add, change, test and end them."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from policies.engine import DocumentError, Problem
from policies.governance.refusals import Reason, Refused
from policies.models import Webhook, WebhookMessage, Workflow
from policies.models.webhooks import BodyKind, MessageState
from policies.notifications.addresses import url_problems
from policies.notifications.events import WEBHOOK_EVENTS, Event
from policies.notifications.news import News
from policies.services import audit
from policies.services.news import webhook_secrets
from policies.services.news.news import body_of, new_message_id
from policies.services.rights import require_right
from policies.services.waking import wake_after_commit

ROTATION_OVERLAP = datetime.timedelta(hours=24)
LONGEST_NAME = 120
MOST_WEBHOOKS = 20


@dataclass(frozen=True)
class WebhookFacts:
    """What a person says of a webhook."""

    name: str
    url: str
    body_kind: str = BodyKind.STANDARD
    events: tuple[str, ...] = tuple(event.value for event in WEBHOOK_EVENTS)


def require_manager(workflow: Workflow, *, acting_user: User) -> None:
    """Raise Refused unless the person may manage webhooks; their URLs may hold secrets."""
    require_right(
        "manage_webhooks", workflow.team, acting_user=acting_user, to="see or manage webhooks"
    )


@transaction.atomic
def add_webhook(
    workflow: Workflow, facts: WebhookFacts, *, acting_user: User
) -> tuple[Webhook, str]:
    """A new webhook, and its secret, which is shown this once. Raises DocumentError, Refused."""
    require_manager(workflow, acting_user=acting_user)
    _require_sound(facts)
    if Webhook.objects.filter(workflow=workflow).count() >= MOST_WEBHOOKS:
        sentence = f"{workflow} has {MOST_WEBHOOKS} webhooks already."
        raise Refused(Reason("too_many", sentence, "Delete one that is no longer used."))
    salt = webhook_secrets.new_salt()
    plain, hint = webhook_secrets.issue(salt)
    webhook = Webhook.objects.create(
        workflow=workflow,
        created_by=acting_user,
        secret_salt=salt,
        secret_hint=hint,
        **_stored(facts),
    )
    _note("webhook.created", webhook, acting_user, **_told(facts))
    return webhook, plain


@transaction.atomic
def update_webhook(webhook: Webhook, facts: WebhookFacts, *, acting_user: User) -> Webhook:
    """Change its name, address, events or body; saying the same again changes nothing."""
    webhook = _locked(webhook, acting_user)
    _require_sound(facts)
    before = facts_of(webhook)
    if facts == before:
        return webhook
    for name, value in _stored(facts).items():
        setattr(webhook, name, value)
    webhook.save(update_fields=list(_stored(facts)))
    _note("webhook.updated", webhook, acting_user, **_told(facts))
    return webhook


@transaction.atomic
def rotate_secret(webhook: Webhook, *, acting_user: User) -> tuple[Webhook, str]:
    """A new secret, shown this once; for a day the old one signs beside it."""
    webhook = _locked(webhook, acting_user)
    webhook.previous_salt, webhook.previous_hint = webhook.secret_salt, webhook.secret_hint
    webhook.previous_until = timezone.now() + ROTATION_OVERLAP
    try:
        webhook_secrets.keys_of(webhook, timezone.now())
    except webhook_secrets.KeyChanged:
        webhook.previous_until = None  # the old secret is lost with the key it came from
    webhook.secret_salt = webhook_secrets.new_salt()
    plain, webhook.secret_hint = webhook_secrets.issue(webhook.secret_salt)
    changed = ["previous_salt", "previous_hint", "previous_until", "secret_salt", "secret_hint"]
    webhook.save(update_fields=changed)
    _note("webhook.secret_rotated", webhook, acting_user)
    return webhook, plain


@transaction.atomic
def switch_off(webhook: Webhook, *, acting_user: User) -> Webhook:
    """Stop calling it; what waits is given up."""
    webhook = _locked(webhook, acting_user)
    if webhook.is_enabled:
        webhook.disabled_at = timezone.now()
        webhook.disabled_because = f"Switched off by {acting_user.get_username()}."
        webhook.save(update_fields=["disabled_at", "disabled_because"])
        webhook.messages.filter(state=MessageState.PENDING).update(state=MessageState.FAILED)
        _note("webhook.switched_off", webhook, acting_user)
    return webhook


@transaction.atomic
def switch_on(webhook: Webhook, *, acting_user: User) -> Webhook:
    """Call it again, from the next event on."""
    webhook = _locked(webhook, acting_user)
    if not webhook.is_enabled:
        webhook.disabled_at, webhook.disabled_because, webhook.failing_since = None, "", None
        webhook.save(update_fields=["disabled_at", "disabled_because", "failing_since"])
        _note("webhook.switched_on", webhook, acting_user)
    return webhook


@transaction.atomic
def delete_webhook(webhook: Webhook, *, acting_user: User) -> None:
    """Remove it and its delivery log; the audit trail keeps that it was there."""
    webhook = _locked(webhook, acting_user)
    _note("webhook.deleted", webhook, acting_user, **_told(facts_of(webhook)))
    webhook.delete()


@transaction.atomic
def send_test(webhook: Webhook, *, acting_user: User) -> WebhookMessage:
    """Queue one made-up event, tried once, whatever events the webhook is for."""
    webhook = _locked(webhook, acting_user)
    _require_enabled(webhook)
    message = WebhookMessage.objects.create(
        webhook=webhook,
        public_id=new_message_id(),
        event=Event.WEBHOOK_TEST,
        body=body_of(_test_news(webhook, acting_user), webhook),
        due_at=timezone.now(),
    )
    _note("webhook.tested", webhook, acting_user)
    wake_after_commit()
    return message


@transaction.atomic
def redeliver(message: WebhookMessage, *, acting_user: User) -> WebhookMessage:
    """Deliver a message again: the same id and body, so that its receiver can tell."""
    webhook = _locked(message.webhook, acting_user)
    _require_enabled(webhook)
    message = WebhookMessage.objects.select_for_update(no_key=True).get(pk=message.pk)
    if message.state == MessageState.PENDING:
        message.due_at = timezone.now()
        message.save(update_fields=["due_at"])
    else:
        message.state, message.due_at = MessageState.PENDING, timezone.now()
        message.tries_before = message.tries
        message.save(update_fields=["state", "due_at", "tries_before"])
    _note("webhook.redelivered", webhook, acting_user, message=message.public_id)
    wake_after_commit()
    return message


def facts_of(webhook: Webhook) -> WebhookFacts:
    events = tuple(event.value for event in Event if event.value in webhook.events)
    return WebhookFacts(webhook.name, webhook.url, webhook.body_kind, events)


def _stored(facts: WebhookFacts) -> dict[str, Any]:
    return asdict(facts) | {"name": facts.name.strip(), "events": list(facts.events)}


def _told(facts: WebhookFacts) -> dict[str, Any]:
    # Of the URL only where it leads: the rest is a password where Slack is the receiver.
    parts = urlsplit(facts.url)
    return {
        "receiver": f"{parts.scheme}://{parts.netloc}",
        "body_kind": str(facts.body_kind),
        "events": list(facts.events),
    }


def _require_sound(facts: WebhookFacts) -> None:
    allow_private = settings.WEBHOOK_ALLOW_PRIVATE
    problems = [
        Problem("/url", found) for found in url_problems(facts.url, allow_private=allow_private)
    ]
    if not facts.name.strip() or len(facts.name) > LONGEST_NAME:
        what = f"must say who receives it, in at most {LONGEST_NAME} characters"
        problems.append(Problem("/name", what))
    if facts.body_kind not in BodyKind.values:
        problems.append(Problem("/body_kind", f"must be {' or '.join(BodyKind.values)}"))
    known = {event.value for event in WEBHOOK_EVENTS}
    if not facts.events or set(facts.events) - known:
        problems.append(Problem("/events", f"must be some of {', '.join(sorted(known))}"))
    if problems:
        raise DocumentError(problems)


def _require_enabled(webhook: Webhook) -> None:
    if not webhook.is_enabled:
        sentence = f"The webhook {webhook.name} is switched off."
        raise Refused(Reason("state", sentence, "Switch it on first."))


def _locked(webhook: Webhook, acting_user: User) -> Webhook:
    Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
    webhook = Webhook.objects.select_related("workflow__team").get(pk=webhook.pk)
    require_manager(webhook.workflow, acting_user=acting_user)
    return webhook


def _test_news(webhook: Webhook, acting_user: User) -> News:
    name = acting_user.get_full_name() or acting_user.get_username()
    return News(
        event=Event.WEBHOOK_TEST,
        sentence=f"{name} tests the webhook {webhook.name}",
        note="Nothing happened. This is what an event looks like.",
        time=timezone.now(),
        actor=acting_user.get_username(),
        workflow_slug=webhook.workflow.slug,
        workflow_name=webhook.workflow.name,
        path=webhook.get_absolute_url(),
        subject={"type": "test"},
    )


def _note(action: str, webhook: Webhook, acting_user: User, **detail: Any) -> None:
    audit.record(
        action,
        webhook,
        acting_user=acting_user,
        workflow=webhook.workflow,
        detail={"name": webhook.name, **detail},
    )
