"""Outcomes: what happened to each request a router served, as the router reported it."""

from django.db import models

from policies.models import Environment, RouterToken


class Outcome(models.Model):
    """One request. Money, quality and time are whole numbers of a small unit, so that sums of
    them are exact whatever the order they are added in.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="outcomes")
    token = models.ForeignKey(
        RouterToken,
        on_delete=models.SET_NULL,
        null=True,
        related_name="outcomes",
        help_text="The token that it was reported with.",
    )
    request_id = models.CharField(max_length=200)
    time = models.DateTimeField(help_text="When the request reached the router.")
    received_at = models.DateTimeField()
    release_digest = models.CharField(max_length=71, blank=True)
    attributes = models.JSONField(default=dict)
    class_key = models.CharField(max_length=64, blank=True)
    class_confidence = models.FloatField(null=True)
    labelled_class = models.CharField(max_length=64, blank=True)
    rule = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=200, blank=True, help_text="The model the policy chose.")
    served_model = models.CharField(
        max_length=200, blank=True, help_text="The model that answered; empty when none did."
    )
    propensity = models.FloatField(null=True)
    attempts = models.JSONField(default=list)
    latency_us = models.BigIntegerField(null=True, help_text="Microseconds, failed attempts too.")
    input_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    cost_nusd = models.BigIntegerField(null=True, help_text="10^-9 USD, over all attempts.")
    cost_is_computed = models.BooleanField(default=False, help_text="From the catalogue's price.")
    quality_nano = models.BigIntegerField(null=True, help_text="Quality 0 to 1, in 10^-9.")
    conversation_id = models.CharField(max_length=200, blank=True)
    tenant = models.CharField(max_length=200, blank=True)
    in_sums = models.BooleanField(
        default=False, help_text="A sample: a summary of its minute counts it as well."
    )
    # What a summary cannot have counted, since it was learnt later.
    late_quality = models.BooleanField(default=False)
    late_label = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "request_id"], name="outcome_once")
        ]
        indexes = [models.Index(fields=["environment", "time"], name="outcome_by_time")]

    def __str__(self) -> str:
        return self.request_id


class OutcomeWord(models.Model):
    """What one token said of an outcome later, as its feedback; without a token, what the outcome
    told itself. Of what is not told there is no moment. Units are those of `Outcome`.
    """

    # No constraint, and nothing done by itself: a million outcomes go in one statement. Whoever
    # removes outcomes removes the words on them. Those of one are found by the constraints' index.
    outcome = models.ForeignKey(
        Outcome,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="words",
    )
    token = models.ForeignKey(
        RouterToken, on_delete=models.CASCADE, null=True, related_name="words"
    )
    quality_nano = models.BigIntegerField(null=True)
    quality_at = models.DateTimeField(null=True)
    labelled_class = models.CharField(max_length=64, blank=True)
    labelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["outcome", "token"], name="word_once"),
            models.UniqueConstraint(
                fields=["outcome"], condition=models.Q(token=None), name="own_word_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quality_nano} {self.labelled_class}"


class OutcomeSummary(models.Model):
    """Exact sums over requests of one minute that have class, models and release in common, as a
    router told them that does not tell each request. Units are those of `Outcome`.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="summaries")
    token = models.ForeignKey(
        RouterToken,
        on_delete=models.SET_NULL,
        null=True,
        related_name="summaries",
        help_text="The token that it was reported with.",
    )
    summary_id = models.CharField(max_length=200)
    minute = models.DateTimeField()
    received_at = models.DateTimeField()
    release_digest = models.CharField(max_length=71, blank=True)
    class_key = models.CharField(max_length=64, blank=True)
    labelled_class = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=200, blank=True)
    served_model = models.CharField(max_length=200, blank=True)
    tried = models.JSONField(default=list, help_text="The model of each attempt, in order.")
    requests = models.BigIntegerField()
    quality_known = models.BigIntegerField()
    quality_nano = models.BigIntegerField()
    adequate = models.BigIntegerField()
    cost_known = models.BigIntegerField()
    cost_nusd = models.BigIntegerField()
    latency_us = models.BigIntegerField()
    latency_bins = models.JSONField(help_text="[bin, count, bin, count, …], as of roll-ups.")
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "summary_id"], name="summary_once")
        ]
        indexes = [models.Index(fields=["environment", "minute"], name="summary_by_minute")]

    def __str__(self) -> str:
        return self.summary_id


class ReportedName(models.Model):
    """A name that a token brought and nothing published knows; each token may bring some."""

    token = models.ForeignKey(RouterToken, on_delete=models.CASCADE, related_name="names")
    kind = models.CharField(max_length=6)
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "kind", "name"], name="reported_name_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
