"""Roll-ups: exact sums of outcomes per hour and per day, and the marks of what to sum again."""

from django.db import models

from policies.models import Environment


class Grain(models.TextChoices):
    HOUR = "hour", "Hour"
    DAY = "day", "Day"


class OutcomeRollup(models.Model):
    """Sums over the outcomes of one hour or UTC day that share class, models and release.

    The columns from `requests` on are those of `evaluations.metrics.sums.Counts`.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="rollups")
    grain = models.CharField(max_length=4, choices=Grain)
    start = models.DateTimeField()
    class_key = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=200, blank=True)
    served_model = models.CharField(max_length=200, blank=True)
    release_digest = models.CharField(max_length=71, blank=True)

    requests = models.BigIntegerField()
    errors = models.BigIntegerField(help_text="Requests that no model answered.")
    attempts = models.BigIntegerField()
    fallbacks = models.BigIntegerField(help_text="Requests that went beyond their first model.")
    hops = models.BigIntegerField(help_text="Further models tried, over all requests.")
    quality_known = models.BigIntegerField()
    quality_nano = models.BigIntegerField()
    adequate = models.BigIntegerField()
    cost_known = models.BigIntegerField()
    cost_nusd = models.BigIntegerField()
    latency_known = models.BigIntegerField()
    latency_us = models.BigIntegerField()
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    in_sums = models.BigIntegerField(default=0, help_text="Requests told in minute sums alone.")
    latency_bins = models.JSONField(help_text="[bin, count, bin, count, …] of metrics.histogram.")
    labelled = models.JSONField(help_text="[[labelled class, requests, cost in nUSD], …].")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "environment",
                    "grain",
                    "start",
                    "class_key",
                    "model",
                    "served_model",
                    "release_digest",
                ],
                name="rollup_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.grain} {self.start:%Y-%m-%d %H:%M} {self.class_key} {self.model}"


class DirtyBucket(models.Model):
    """An hour or day whose outcomes changed since it was last summed."""

    environment = models.ForeignKey(
        Environment, on_delete=models.CASCADE, related_name="dirty_buckets"
    )
    grain = models.CharField(max_length=4, choices=Grain)
    start = models.DateTimeField()
    marked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "grain", "start"], name="dirty_bucket_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.grain} {self.start:%Y-%m-%d %H:%M}"
