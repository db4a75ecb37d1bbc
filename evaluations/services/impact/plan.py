"""A plan of policies as code with its blast radius: what the command and REST tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from evaluations.impact import Impact
from evaluations.impact.wording import summary
from evaluations.services.impact.measuring import impact_of_documents
from policies.engine import EngineError
from policies.files.workflow_files import WorkflowFiles
from policies.models import Environment
from policies.services.as_code import planning
from policies.services.as_code.planning import Plan, PlannedChange

NO_REQUESTS = (
    "No dataset yet: import one, or let a router report outcomes, to see the blast radius."
)
WRONG = "Not measured: the documents are not right yet."
UNCHANGED = "Nothing changes."


@dataclass(frozen=True)
class MeasuredPlan:
    """``impact`` is None where it could not be measured; ``impact_sentence`` always says why."""

    plan: Plan
    impact: Impact | None
    impact_sentence: str


def measured_plan(environment: Environment, files: WorkflowFiles) -> MeasuredPlan:
    """What files would change, what is wrong with it, and whom it would concern.

    Raises Refused for another workflow's files.
    """
    plan = planning.plan(environment, files)
    if plan.content is None:
        return MeasuredPlan(plan, None, WRONG)
    if plan.is_unchanged:
        return MeasuredPlan(plan, None, UNCHANGED)
    base = plan.base.bundle if plan.base else None
    try:
        impact = impact_of_documents(plan.documents, plan.workflow, base)
    except (EngineError, duckdb.Error, OSError) as error:
        return MeasuredPlan(plan, None, f"It could not be measured: {error}")
    if not impact.looked_at:
        return MeasuredPlan(plan, None, NO_REQUESTS)
    return MeasuredPlan(plan, impact, summary(impact))


def plan_document(measured: MeasuredPlan) -> dict[str, Any]:
    """The plan as plain JSON."""
    plan, base = measured.plan, measured.plan.base
    return {
        "workflow": plan.workflow.slug,
        "environment": plan.environment.name,
        "base": {"release": base.number, "digest": base.bundle.digest} if base else None,
        "digest": plan.digest,
        "unchanged": plan.is_unchanged,
        "has_errors": plan.has_errors,
        "changes": [_change(entry) for entry in plan.changes],
        "problems": [
            {"pointer": problem.pointer, "message": problem.message} for problem in plan.problems
        ],
        "findings": [
            {**finding.as_dict(), "is_new": finding.name not in plan.known}
            for finding in plan.findings
        ],
        "notes": list(plan.notes),
        "impact_sentence": measured.impact_sentence,
        "impact": measured.impact.to_json() if measured.impact else None,
    }


def _change(entry: PlannedChange) -> dict[str, Any]:
    return {
        "component": entry.kind,
        "kind": entry.change.kind,
        "sentence": entry.change.sentence,
        "pointer": f"/{entry.kind}{entry.change.pointer}",
        "loosens": entry.change.loosens,
        "place": entry.place,
    }
