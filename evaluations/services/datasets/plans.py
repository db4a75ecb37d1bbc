"""Evidence plans by the datasets of their workflow: the one way for the form and REST."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User

from evaluations.models import Dataset
from policies.governance.evidence_plans import PlanTerms, RequiredDataset
from policies.governance.refusals import Reason, Refused
from policies.models import Environment, RuleChange
from policies.services.rules.evidence import change_plan


def require_datasets(
    environment: Environment,
    digests: Iterable[str],
    *,
    acting_user: User,
    why: str = "",
    apply_now: bool = False,
    **terms: Any,
) -> RuleChange | None:
    """Ask that evidence is measured on these datasets, under the further terms of a plan.

    Raises Refused for a digest that the workflow has no dataset of; see `change_plan` for the rest.
    """
    asked = tuple(digests)
    rows = Dataset.objects.filter(workflow=environment.workflow_id, digest__in=asked)
    names = dict(rows.values_list("digest", "name"))
    unknown = [digest for digest in asked if digest not in names]
    if unknown:
        sentence = f"This workflow has no dataset {', '.join(unknown)}."
        raise Refused(Reason("datasets", sentence, "Import it first."))
    required = tuple(RequiredDataset(digest, names[digest]) for digest in asked)
    return change_plan(
        environment,
        PlanTerms(required, **terms),
        acting_user=acting_user,
        why=why,
        apply_now=apply_now,
    )
