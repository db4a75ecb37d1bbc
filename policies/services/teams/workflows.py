"""Workflows and the protection rules of their environments."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from policies.engine import digest
from policies.governance.refusals import Reason, Refused
from policies.models import Team, Workflow
from policies.services import audit
from policies.services.rights import can, require_right


@transaction.atomic
def create_workflow(
    team: Team,
    slug: str,
    name: str,
    *,
    acting_user: User,
    objective: str = "",
    success_criteria: str = "",
    is_simulated: bool = False,
) -> Workflow:
    """Start a workflow of a team. It has no environment yet."""
    require_right("manage_environments", team, acting_user=acting_user, to="create workflows")
    if Workflow.objects.filter(slug=slug).exists():
        raise Refused(
            Reason("taken", f"There is a workflow {slug} already.", "Choose another short name.")
        )
    workflow = Workflow.objects.create(
        team=team,
        slug=slug,
        name=name,
        objective=objective,
        success_criteria=success_criteria,
        is_simulated=is_simulated,
    )
    _note_workflow("workflow.created", workflow, acting_user)
    return workflow


@transaction.atomic
def update_workflow(
    workflow: Workflow, name: str, objective: str, success_criteria: str, *, acting_user: User
) -> Workflow:
    """Say anew what the workflow is for: its owners' and administrators' word."""
    if not can(acting_user, "edit_contracts", workflow.team):
        require_right(
            "manage_environments", workflow.team, acting_user=acting_user, to="edit workflows"
        )
    before = digest(_words(workflow))
    workflow.name, workflow.objective = name, objective
    workflow.success_criteria = success_criteria
    if digest(_words(workflow)) == before:
        return workflow
    workflow.save(update_fields=["name", "objective", "success_criteria"])
    _note_workflow("workflow.updated", workflow, acting_user, before=before)
    return workflow


def _words(workflow: Workflow) -> dict[str, str]:
    return {
        "name": workflow.name,
        "objective": workflow.objective,
        "success_criteria": workflow.success_criteria,
    }


def _note_workflow(action: str, workflow: Workflow, acting_user: User, before: str = "") -> None:
    audit.record(
        action,
        workflow,
        acting_user=acting_user,
        workflow=workflow,
        before=before,
        after=digest(_words(workflow)),
        detail={"slug": workflow.slug, **_words(workflow)},
    )
