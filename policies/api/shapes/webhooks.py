"""Webhooks of a workflow and their delivery log."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from policies.api.bodies import Body
from policies.api.names import name_of
from policies.models import Webhook, WebhookAttempt, WebhookMessage
from policies.models.webhooks import BodyKind, MessageState
from policies.notifications.events import WEBHOOK_EVENTS
from policies.services.news.webhooks import WebhookFacts, facts_of

EVENT_NAMES = [event.value for event in WEBHOOK_EVENTS]


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """A webhook without its secret, which only its issue shows."""

    events = serializers.ListField(child=serializers.CharField())
    created_by = name_of("username")
    is_enabled = serializers.BooleanField(read_only=True)

    class Meta:
        model = Webhook
        fields = [
            "id",
            "name",
            "url",
            "body_kind",
            "events",
            "secret_hint",
            "created_by",
            "created_at",
            "is_enabled",
            "disabled_because",
            "failing_since",
        ]


class IssuedWebhookSerializer(WebhookSerializer):
    secret = serializers.SerializerMethodField(help_text="Shown this once.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]

    def get_secret(self, webhook: Webhook) -> str:
        return str(self.context["plain"])


class WebhookAttemptSerializer(serializers.ModelSerializer[WebhookAttempt]):
    """One try. `status` is null when no answer came; `error` is empty for a success."""

    class Meta:
        model = WebhookAttempt
        fields = ["number", "at", "latency_ms", "status", "excerpt", "error"]


class WebhookMessageSerializer(serializers.ModelSerializer[WebhookMessage]):
    """One message, with every try of it, the latest first."""

    webhook_id = serializers.CharField(source="public_id", help_text="The `webhook-id` header.")
    delivery = serializers.ChoiceField(MessageState.choices, source="state")
    due_at = serializers.SerializerMethodField(help_text="The next try, while there is one.")
    attempts = WebhookAttemptSerializer(many=True)

    class Meta:
        model = WebhookMessage
        fields = ["id", "webhook_id", "event", "delivery", "created_at", "due_at", "attempts"]

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_due_at(self, message: WebhookMessage) -> object:
        return message.due_at if message.state == MessageState.PENDING else None


class NewWebhook(Body):
    name = serializers.CharField(max_length=120, help_text="Who receives it.")
    url = serializers.CharField(max_length=500)
    body_kind = serializers.ChoiceField(BodyKind.choices, required=False)
    events = serializers.ListField(
        child=serializers.ChoiceField(EVENT_NAMES),
        required=False,
        min_length=1,
        max_length=len(EVENT_NAMES),
        help_text="All of them when left out.",
    )


class WebhookChange(NewWebhook):
    """What is left out stays as it is."""

    name = serializers.CharField(max_length=120, required=False)
    url = serializers.CharField(max_length=500, required=False)
    is_enabled = serializers.BooleanField(required=False)


def facts_from(said: dict[str, Any], present: Webhook | None = None) -> WebhookFacts:
    """Facts with what was said in place of what is there."""
    facts: dict[str, Any] = {}
    if present is not None:
        now = facts_of(present)
        facts = {name: getattr(now, name) for name in WebhookFacts.__dataclass_fields__}
    facts |= {name: value for name, value in said.items() if name != "is_enabled"}
    if "events" in said:
        # In the table's order, each once: the same choice is the same facts.
        facts["events"] = tuple(name for name in EVENT_NAMES if name in said["events"])
    return WebhookFacts(**facts)
