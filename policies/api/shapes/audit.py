"""Rows of the audit trail."""

from __future__ import annotations

from rest_framework import serializers

from policies.api.bodies import PageQuery
from policies.api.names import name_of
from policies.models import AuditEvent


class AuditEventSerializer(serializers.ModelSerializer[AuditEvent]):
    """Who did what, when, from where; each row carries the hash of the one before."""

    workflow = name_of("slug", nullable=True)
    actor = serializers.CharField(source="actor_name")
    detail = serializers.DictField()

    class Meta:
        model = AuditEvent
        fields = [
            "sequence",
            "time",
            "actor",
            "origin",
            "address",
            "action",
            "workflow",
            "object_type",
            "object_id",
            "before",
            "after",
            "detail",
            "previous_hash",
            "hash",
        ]


class AuditQuery(PageQuery):
    workflow = serializers.SlugField(required=False, max_length=60)
    action = serializers.CharField(required=False, max_length=60)
    actor = serializers.CharField(required=False, max_length=150, help_text="User name.")
    object_type = serializers.CharField(required=False, max_length=60)
    object_id = serializers.CharField(required=False, max_length=120)
