"""Webhooks, and what each person has of their own: inbox, tokens, choices."""

from __future__ import annotations

from typing import Any

from tests.governance.action import (
    IN_WORKFLOW,
    OPERATORS,
    Action,
    one,
    said,
)
from tests.governance.actors import GUARDIANS, PRESENT, A
from tests.governance.ways import WHO, Command, Form, Rest, Told
from tests.governance.world import World


def of_webhooks() -> list[Action]:
    """Who is told."""
    facts = {"name": "Other", "url": "https://hooks.example.com/y", "body_kind": "slack"}
    facts_form = said(**facts, events=["release.published"])
    hook = one("webhook")

    def acting(action: str) -> Told:
        return lambda w: {**hook(w), "action": action}

    return [
        Action(
            "add a webhook",
            GUARDIANS,
            (
                Form("webhooks", facts_form, IN_WORKFLOW),
                Rest("POST", "api:webhooks", said(**facts), IN_WORKFLOW),
            ),
        ),
        Action(
            "change a webhook",
            GUARDIANS,
            (
                Form("webhook", facts_form, hook),
                Rest("PATCH", "api:webhook", said(name="Other"), hook),
            ),
        ),
        Action(
            "switch a webhook off",
            GUARDIANS,
            (
                Form("webhook-act", where=acting("switch-off")),
                Rest("PATCH", "api:webhook", said(is_enabled=False), hook),
            ),
        ),
        Action(
            "switch a webhook on",
            GUARDIANS,
            (
                Form(
                    "webhook-act",
                    where=lambda w: {**IN_WORKFLOW(w), "pk": w.off.pk, "action": "switch-on"},
                ),
                Rest(
                    "PATCH",
                    "api:webhook",
                    said(is_enabled=True),
                    lambda w: {**IN_WORKFLOW(w), "pk": w.off.pk},
                ),
            ),
        ),
        Action(
            "test a webhook",
            GUARDIANS,
            (
                Form("webhook-act", where=acting("test")),
                Rest("POST", "api:test-webhook", where=hook),
            ),
        ),
    ]


def of_deliveries() -> list[Action]:
    """Secrets, messages, and the end of a webhook."""
    hook = one("webhook")

    def message(world: World) -> dict[str, Any]:
        return {**hook(world), "message_pk": world.message.pk}

    return [
        Action(
            "rotate a webhook's secret",
            GUARDIANS,
            (
                Form("webhook-rotate", where=hook),
                Rest("POST", "api:rotate-webhook-secret", where=hook),
            ),
        ),
        Action(
            "delete a webhook",
            GUARDIANS,
            (Form("webhook-delete", where=hook), Rest("DELETE", "api:webhook", where=hook)),
        ),
        Action(
            "deliver a message again",
            GUARDIANS,
            (
                Form("webhook-redeliver", where=message),
                Rest("POST", "api:redeliver-webhook-message", where=message),
            ),
        ),
    ]


def of_inboxes() -> list[Action]:
    """What is one's own: nobody else even sees it, whatever their role."""
    mine = dict.fromkeys(PRESENT - {A.OPERATOR}, 404)
    return [
        Action(
            "read a notification of one's own",
            OPERATORS,
            (
                Form("inbox-mark", said(read="1"), lambda w: {"pk": w.notification.pk}),
                Rest(
                    "PUT",
                    "api:my-notification-read",
                    where=lambda w: {"pk": w.notification.pk},
                ),
            ),
            unseen=mine,
            is_audited=False,
        ),
        Action(
            "read all notifications of one's own",
            PRESENT,
            (Form("inbox-mark-all"), Rest("POST", "api:my-notifications-read")),
            always_writes=False,
            is_audited=False,
        ),
        Action(
            "take the reading of a notification back",
            OPERATORS,
            (
                Form("inbox-mark", said(read="0"), lambda w: {"pk": w.read_notification.pk}),
                Rest(
                    "DELETE",
                    "api:my-notification-read",
                    where=lambda w: {"pk": w.read_notification.pk},
                ),
            ),
            unseen=mine,
            is_audited=False,
        ),
    ]


def of_accounts() -> list[Action]:
    """One's own tokens and choices."""
    mine = dict.fromkeys(PRESENT - {A.OPERATOR}, 404)
    return [
        Action(
            "revoke a token of one's own",
            OPERATORS,
            (
                Form("personal-token-revoke", where=lambda w: {"pk": w.personal_token.pk}),
                Rest("DELETE", "api:my-token", where=lambda w: {"pk": w.personal_token.pk}),
            ),
            unseen=mine,
        ),
        Action(
            "issue a token of one's own",
            PRESENT,
            (
                Form("account", said(name="more", lifetime="90")),
                Rest("POST", "api:my-tokens", said(name="more")),
                Command("personal_token", lambda w: [WHO, "more"]),
            ),
        ),
        Action(
            "choose one's mail",
            PRESENT,
            (
                Form("inbox-preferences", said(**{"release-published": "on"})),
                Rest(
                    "PATCH",
                    "api:my-mail-choices",
                    said(choices=[{"event": "release.published", "by_mail": True}]),
                ),
            ),
            is_audited=False,
        ),
    ]
