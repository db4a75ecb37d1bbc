"""What happened and what would: outcomes and their roll-ups, datasets, evaluation runs."""

from evaluations.models.outcomes import Outcome
from evaluations.models.rollups import DirtyBucket, Grain, OutcomeRollup

__all__ = [
    "DirtyBucket",
    "Grain",
    "Outcome",
    "OutcomeRollup",
]
