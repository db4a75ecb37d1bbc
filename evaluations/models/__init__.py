"""What happened and what would: outcomes and their roll-ups, datasets, evaluation runs."""

from evaluations.models.answers import FailAnswer
from evaluations.models.datasets import Dataset
from evaluations.models.outcomes import Outcome, OutcomeSummary, OutcomeWord, ReportedName
from evaluations.models.rollups import DirtyBucket, Grain, OutcomeRollup
from evaluations.models.runs import EvaluationChunk, ShadowEvaluation

__all__ = [
    "Dataset",
    "DirtyBucket",
    "EvaluationChunk",
    "FailAnswer",
    "Grain",
    "Outcome",
    "OutcomeRollup",
    "OutcomeSummary",
    "OutcomeWord",
    "ReportedName",
    "ShadowEvaluation",
]
