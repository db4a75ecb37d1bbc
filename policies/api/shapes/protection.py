"""Schedules, freezes and review debts."""

from __future__ import annotations

from rest_framework import serializers

from policies.api.bodies import Body, MomentField, PageQuery
from policies.api.names import name_of, number_of
from policies.api.shapes.review import ReasonSerializer
from policies.models import FreezeWindow, ReviewDebt


class NewSchedule(Body):
    publish_at = MomentField(
        allow_null=True, help_text="With its time zone, to the minute; null clears the schedule."
    )


class Explanation(Body):
    reason = serializers.CharField(max_length=20_000)


class Emergency(Explanation):
    through_freeze = serializers.BooleanField(
        required=False, help_text="During a freeze, that it shall go out even so."
    )


class FreezeSerializer(serializers.ModelSerializer[FreezeWindow]):
    """`environment` is null where it holds for all of the workflow's."""

    environment = name_of("name", nullable=True)
    created_by = name_of("username")
    lifted_by = name_of("username", nullable=True)

    class Meta:
        model = FreezeWindow
        fields = [
            "id",
            "environment",
            "starts_at",
            "ends_at",
            "reason",
            "created_by",
            "created_at",
            "lifted_at",
            "lifted_by",
        ]


class NewFreeze(Body):
    environment = serializers.SlugField(
        required=False, allow_null=True, max_length=40, help_text="Left out, all are frozen."
    )
    starts_at = MomentField()
    ends_at = MomentField()
    reason = serializers.CharField(max_length=20_000)


class FreezeQuery(PageQuery):
    ahead = serializers.BooleanField(required=False, help_text="Only those in force or to come.")


class DebtSerializer(serializers.ModelSerializer[ReviewDebt]):
    """What a break-glass publication left out, and how it was made up for."""

    change = number_of("change")
    release = number_of("release")
    environment = serializers.CharField(source="release.environment.name")
    bypassed = ReasonSerializer(many=True)
    created_by = name_of("username")
    settled_by = name_of("username", nullable=True)

    class Meta:
        model = ReviewDebt
        fields = [
            "change",
            "release",
            "environment",
            "reason",
            "subject_digest",
            "bypassed",
            "created_by",
            "created_at",
            "settled_at",
            "settlement",
            "settled_by",
            "settlement_reason",
        ]


class DebtQuery(PageQuery):
    open = serializers.BooleanField(required=False, help_text="Only those not paid yet.")
