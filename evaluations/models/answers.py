"""What people answered to evaluations that failed."""

from django.conf import settings
from django.db import models

from evaluations.models.runs import ShadowEvaluation


class FailAnswer(models.Model):
    """Why a failed run need not hold its change back; by somebody who did not work on it."""

    run = models.OneToOneField(ShadowEvaluation, on_delete=models.PROTECT, related_name="answer")
    reason = models.TextField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Answer to {self.run}"
