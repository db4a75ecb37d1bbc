"""A person's notifications and what of them is mailed."""

from __future__ import annotations

from rest_framework import serializers

from policies.api.bodies import Body, PageQuery
from policies.api.names import name_of
from policies.models import Notification
from policies.notifications.events import PEOPLE_EVENTS

EVENT_NAMES = [event.value for event in PEOPLE_EVENTS]


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    """One event told to the caller. `path` leads to it in the browser."""

    event = serializers.CharField()
    workflow = name_of("slug")

    class Meta:
        model = Notification
        fields = [
            "id",
            "event",
            "workflow",
            "sentence",
            "note",
            "because",
            "path",
            "created_at",
            "read_at",
            "mailed_at",
        ]


class NotificationQuery(PageQuery):
    unread = serializers.BooleanField(required=False, help_text="Only those not read yet.")


class ReadAll(Body):
    up_to = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=2**63 - 1,
        help_text="The newest id that was seen; what came later stays unread.",
    )


class MarkedSerializer(serializers.Serializer[dict[str, int]]):
    marked = serializers.IntegerField(help_text="How many were unread until now.")


class MailChoiceSerializer(serializers.Serializer[dict[str, object]]):
    """Whether one event is mailed to the caller."""

    event = serializers.ChoiceField(EVENT_NAMES)
    by_mail = serializers.BooleanField()


class MailChoicesSerializer(serializers.Serializer[dict[str, object]]):
    mail_is_set_up = serializers.BooleanField(help_text="Whether this console sends mail at all.")
    choices = MailChoiceSerializer(many=True)


class NewMailChoice(Body):
    event = serializers.ChoiceField(EVENT_NAMES)
    by_mail = serializers.BooleanField()


class NewMailChoices(Body):
    """Events that are not named stay as they are."""

    choices = NewMailChoice(many=True)
