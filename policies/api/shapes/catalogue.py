"""Providers, models and their prices."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from policies.api.bodies import Body, PageQuery
from policies.api.names import name_of
from policies.models import CatalogueModel, ModelPrice, Provider
from policies.models.catalogue import ModelStatus
from policies.pricing.rates import DAYS, Tier, Window
from policies.services.catalogue.entries import ModelFacts, Price

EARLIEST = datetime.date(2000, 1, 1)


class ProviderSerializer(serializers.ModelSerializer[Provider]):
    class Meta:
        model = Provider
        fields = ["slug", "label"]


class TierShape(serializers.Serializer[Any]):
    """What all tokens of a request cost whose input is longer than so many tokens."""

    above_input_tokens = serializers.IntegerField()
    input_usd_per_mtok = serializers.CharField()
    output_usd_per_mtok = serializers.CharField()


class WindowShape(serializers.Serializer[Any]):
    """What requests of any size cost on these days between two times in a zone."""

    days = serializers.ListField(child=serializers.ChoiceField(DAYS))
    starts = serializers.CharField(help_text="HH:MM")
    ends = serializers.CharField(help_text="HH:MM; at or before the start: on the next day.")
    zone = serializers.CharField(help_text="Such as UTC or Asia/Shanghai.")
    input_usd_per_mtok = serializers.CharField()
    output_usd_per_mtok = serializers.CharField()


class PriceSerializer(serializers.ModelSerializer[ModelPrice]):
    """USD per million tokens, from a day on. Dollars are written as text, so that none is lost."""

    created_by = name_of("username", nullable=True)
    tiers = TierShape(many=True)
    windows = WindowShape(many=True)

    class Meta:
        model = ModelPrice
        fields = [
            "effective_from",
            "input_usd_per_mtok",
            "output_usd_per_mtok",
            "tiers",
            "windows",
            "created_by",
            "created_at",
        ]


class CatalogueModelSerializer(serializers.ModelSerializer[CatalogueModel]):
    """A model as policies name it, with the price in force today."""

    provider = name_of("slug")
    regions = serializers.ListField(child=serializers.CharField())
    capabilities = serializers.ListField(child=serializers.CharField())
    aliases = serializers.ListField(child=serializers.CharField())
    price_today = serializers.SerializerMethodField()

    class Meta:
        model = CatalogueModel
        fields = [
            "id",
            "key",
            "label",
            "provider",
            "context_window",
            "regions",
            "capabilities",
            "status",
            "retires_on",
            "aliases",
            "price_today",
        ]

    @extend_schema_field(PriceSerializer(allow_null=True))
    def get_price_today(self, model: CatalogueModel) -> dict[str, Any] | None:
        price = model.price_on(timezone.now().date())
        return dict(PriceSerializer(price).data) if price else None


class CatalogueQuery(PageQuery):
    provider = serializers.SlugField(required=False, max_length=60)
    key = serializers.CharField(required=False, max_length=160)
    status = serializers.ChoiceField(ModelStatus.choices, required=False)


class NewProvider(Body):
    slug = serializers.SlugField(max_length=60)
    label = serializers.CharField(max_length=120)  # type: ignore[assignment]  # DRF takes it off


def _dollars() -> serializers.DecimalField:
    return serializers.DecimalField(12, 6, min_value=Decimal(0))


class NewTier(Body):
    above_input_tokens = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    input_usd_per_mtok = _dollars()
    output_usd_per_mtok = _dollars()


class NewWindow(Body):
    days = serializers.ListField(child=serializers.ChoiceField(DAYS), min_length=1, max_length=7)
    starts = serializers.CharField(max_length=5)
    ends = serializers.CharField(max_length=5)
    zone = serializers.CharField(max_length=60)
    input_usd_per_mtok = _dollars()
    output_usd_per_mtok = _dollars()


class NewPrice(Body):
    effective_from = serializers.DateField(help_text="Today at the earliest, but for a first one.")
    input_usd_per_mtok = _dollars()
    output_usd_per_mtok = _dollars()
    tiers = NewTier(many=True, required=False)
    windows = NewWindow(many=True, required=False)

    def validate_effective_from(self, day: datetime.date) -> datetime.date:
        if day < EARLIEST:
            raise serializers.ValidationError(f"Must be {EARLIEST} or later.")
        return day


def _words(what: str, longest: int = 64) -> serializers.ListField:
    child = serializers.CharField(max_length=longest)
    return serializers.ListField(child=child, required=False, max_length=100, help_text=what)


class ModelWords(Body):
    """What is left out stays as it is."""

    label = serializers.CharField(  # type: ignore[assignment]  # DRF takes it off
        required=False, allow_blank=True, max_length=160
    )
    context_window = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    regions = _words("Where it may process.")
    capabilities = _words("What it can do besides text.")
    status = serializers.ChoiceField(ModelStatus.choices, required=False)
    retires_on = serializers.DateField(required=False, allow_null=True)
    aliases = _words("Other names that answers give it, such as gpt-4o-2024-08-06.", 160)


def _why() -> serializers.CharField:
    return serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=20_000,
        help_text="Asked for where a second steward has to agree.",
    )


class ChangedModel(ModelWords):
    """What is left out stays as it is. Facts of a model in use wait for a second steward."""

    why = _why()


class NextPrice(NewPrice):
    """A price from a day on. That of a model in use waits for a second steward."""

    why = _why()


class NewModel(ModelWords):
    provider = serializers.SlugRelatedField("slug", queryset=Provider.objects.all())
    key = serializers.CharField(max_length=160, help_text="The name policies use.")
    context_window = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, help_text="Tokens, input and output together."
    )
    price = NewPrice()


def facts_from(said: dict[str, Any], present: CatalogueModel | None = None) -> ModelFacts:
    """Facts with what was said in place of what is there."""
    facts: dict[str, Any] = {"label": "", "context_window": 0}
    if present is not None:
        facts = {name: getattr(present, name) for name in ModelFacts.__dataclass_fields__}
    facts |= said
    for name in ("regions", "capabilities", "aliases"):
        facts[name] = tuple(facts.get(name, ()))
    return ModelFacts(**facts)


def price_from(said: dict[str, Any]) -> Price:
    tiers = tuple(Tier(**tier) for tier in said.get("tiers", ()))
    windows = tuple(
        Window(**{**window, "days": tuple(window["days"])}) for window in said.get("windows", ())
    )
    return Price(**{**said, "tiers": tiers, "windows": windows})
