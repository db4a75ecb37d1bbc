"""The catalogue: providers, models, and what they cost since when."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.urls import reverse

from policies.pricing.rates import Rates, tiers_from_json, windows_from_json


class Provider(models.Model):
    slug = models.SlugField(max_length=60, unique=True)
    label = models.CharField(max_length=120)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.label


class ModelStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    DEPRECATED = "deprecated", "Deprecated"
    RETIRED = "retired", "Retired"


class CatalogueModel(models.Model):
    """A language model as routers name it."""

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="models")
    key = models.CharField(max_length=160, unique=True, help_text="The name policies use.")
    label = models.CharField(max_length=160, blank=True)
    context_window = models.PositiveIntegerField(help_text="Tokens, input and output together.")
    regions = models.JSONField(default=list, blank=True)
    capabilities = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=12, choices=ModelStatus, default=ModelStatus.ACTIVE)
    retires_on = models.DateField(null=True, blank=True)
    aliases = models.JSONField(
        default=list, blank=True, help_text="Other names that answers give it."
    )

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key

    def get_absolute_url(self) -> str:
        return reverse("catalogue-model", args=[self.pk])

    def price_on(self, day: datetime.date) -> ModelPrice | None:
        """The price in force on a day: the latest that took effect by then.

        Reads the prefetched prices when there are any, so that a whole catalogue costs one query.
        """
        in_force = [price for price in self.prices.all() if price.effective_from <= day]
        return max(in_force, key=lambda price: price.effective_from, default=None)


class ModelPrice(models.Model):
    """USD per million tokens from a day on; earlier prices stay, since old costs used them."""

    model = models.ForeignKey(CatalogueModel, on_delete=models.CASCADE, related_name="prices")
    effective_from = models.DateField()
    input_usd_per_mtok = models.DecimalField(
        max_digits=12, decimal_places=6, validators=[MinValueValidator(0)]
    )
    output_usd_per_mtok = models.DecimalField(
        max_digits=12, decimal_places=6, validators=[MinValueValidator(0)]
    )
    tiers = models.JSONField(default=list, blank=True, help_text="Prices of longer requests.")
    windows = models.JSONField(default=list, blank=True, help_text="Prices by hour and weekday.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["model", "effective_from"], name="one_price_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.model} from {self.effective_from}"

    @property
    def rates(self) -> Rates:
        """What it says of every size and hour."""
        return Rates(
            self.input_usd_per_mtok,
            self.output_usd_per_mtok,
            tiers_from_json(self.tiers),
            windows_from_json(self.windows),
        )
