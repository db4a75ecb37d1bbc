"""Price maps that were uploaded, kept so that a preview has an address and can be shown around."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse


class PriceImport(models.Model):
    """What was read of one file. What it would change is always reckoned against the catalogue of
    the moment, never kept.
    """

    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=71, unique=True, help_text="Of the file's bytes.")
    entries = models.JSONField(help_text="The chat models with a price per token.")
    skipped = models.JSONField(default=dict, help_text="Why → names of the other entries.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, blank=True, help_text="Last time, if ever.")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return reverse("price-import", args=[self.pk])
