"""Which dataset answers for a workflow's traffic."""

from django.conf import settings
from django.db import models

from evaluations.models.datasets import Dataset
from policies.models import Workflow


class StandingDataset(models.Model):
    """The dataset on which every draft's blast radius is measured. Without one, the newest."""

    workflow = models.OneToOneField(
        Workflow, on_delete=models.CASCADE, related_name="standing_dataset"
    )
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+")
    chosen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    chosen_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.workflow}: {self.dataset}"
