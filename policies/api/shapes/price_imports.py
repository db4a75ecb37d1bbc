"""A price map on its way into the catalogue."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from policies.api.bodies import Body
from policies.api.names import name_of
from policies.api.shapes.catalogue import TierShape, WindowShape
from policies.models import PriceImport
from policies.pricing import Row
from policies.services.rules.price_imports import MOST_AT_ONCE


class PriceMapQuery(Body):
    file_name = serializers.CharField(
        max_length=200, required=False, default="model_prices_and_context_window.json"
    )


class DoubtSerializer(serializers.Serializer[Any]):
    """Why an entry may be wrong."""

    code = serializers.CharField()
    sentence = serializers.CharField()


class PricePairSerializer(serializers.Serializer[Any]):
    """What an entry or the catalogue says; null is unknown. Prices: USD per million tokens."""

    provider = serializers.CharField()
    input_usd_per_mtok = serializers.CharField(source="input_usd", allow_null=True)
    output_usd_per_mtok = serializers.CharField(source="output_usd", allow_null=True)
    context_window = serializers.IntegerField(allow_null=True)
    retires_on = serializers.DateField(allow_null=True)
    tiers = TierShape(many=True)
    windows = WindowShape(many=True)


class PriceRowSerializer(serializers.Serializer[Row]):
    """`suggested`: a model of the catalogue, and nothing about its entry is doubtful."""

    model = serializers.CharField(source="key")
    kind = serializers.CharField(help_text="changed, new or unchanged")
    offered = PricePairSerializer(source="entry")
    held = PricePairSerializer(allow_null=True)
    doubts = DoubtSerializer(many=True)
    suggested = serializers.BooleanField(source="is_chosen_at_first")


class PriceImportSerializer(serializers.ModelSerializer[PriceImport]):
    created_by = name_of("username")
    skipped = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        read_only=True,
        help_text="Why → names of entries that are of no use here.",
    )

    class Meta:
        model = PriceImport
        fields = ["id", "file_name", "digest", "created_by", "created_at", "applied_at", "skipped"]


class PricePreviewSerializer(PriceImportSerializer):
    """What the file would change of the catalogue as it is now."""

    rows = serializers.SerializerMethodField()

    class Meta(PriceImportSerializer.Meta):
        fields = [*PriceImportSerializer.Meta.fields, "rows"]

    @extend_schema_field(PriceRowSerializer(many=True))
    def get_rows(self, kept: PriceImport) -> list[dict[str, Any]]:
        return list(PriceRowSerializer(self.context["rows"], many=True).data)


class TakeOver(Body):
    models = serializers.ListField(
        child=serializers.CharField(max_length=160), allow_empty=False, max_length=MOST_AT_ONCE
    )
    effective_from = serializers.DateField(help_text="Today or later.")


class AppliedSerializer(serializers.Serializer[Any]):
    """Counts of what was taken over, and of what waits for a second steward."""

    prices = serializers.IntegerField()
    models = serializers.IntegerField()
    facts = serializers.IntegerField()
    waiting = serializers.IntegerField()
