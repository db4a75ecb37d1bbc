"""Contracts: who answers for a component and what it promises, in numbered versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max, Q

from policies.engine import digest
from policies.governance.permissions import roles_with
from policies.governance.refusals import Reason, Refused
from policies.governance.roles import Role
from policies.models import ChangeRequest, ComponentContract, Workflow
from policies.models.components import ComponentKind
from policies.services import audit
from policies.services.locking import lock_workflow, locked_open_changes
from policies.services.review import standings
from policies.services.review.contributing import worked_on
from policies.services.review.facts import touched_components
from policies.services.review.settling import settle
from policies.services.rights import can, require_right


@dataclass(frozen=True)
class ContractText:
    """What a contract says besides naming its owner; parts may be empty, and then count as gaps."""

    inputs: str = ""
    outputs: str = ""
    failure: str = ""
    humans_step_in: str = ""
    playbook: str = ""


def contracts_in_force(workflows: Iterable[Workflow]) -> list[ComponentContract]:
    """The highest-numbered contract of each component."""
    newest: dict[tuple[int, str], ComponentContract] = {}
    rows = ComponentContract.objects.filter(workflow__in=workflows).order_by("number")
    for contract in rows.select_related("owner", "deputy", "workflow", "created_by"):
        newest[contract.workflow_id, contract.kind] = contract
    return list(newest.values())


def contract_in_force(workflow: Workflow, kind: str) -> ComponentContract | None:
    rows = ComponentContract.objects.filter(workflow=workflow, kind=kind)
    return (
        rows.select_related("owner", "deputy", "workflow", "created_by").order_by("number").last()
    )


@transaction.atomic
def save_contract(
    workflow: Workflow,
    kind: str,
    owner: User,
    text: ContractText,
    *,
    acting_user: User,
    deputy: User | None = None,
) -> ComponentContract:
    """Put a new version of a contract in force; saying the same again makes none.

    The deputy approves where the owner worked on the content. Open change requests are looked at
    again: the contract is one of their checks, and its owner is one of their approvers. So whoever
    worked on one that touches the component does not choose who approves it.
    """
    require_right("edit_contracts", workflow.team, acting_user=acting_user, to="edit contracts")
    _require_able(owner, deputy, workflow)
    changes = locked_open_changes(Q(workflow=workflow))
    subjects = {change.pk: standings.subject_digest(change) for change in changes}
    lock_workflow(workflow.pk)
    before = contract_in_force(workflow, kind)
    asked = (owner.pk, deputy.pk if deputy else None)
    if before is not None:
        if _said(before) == (*asked, text):
            return before
        if (before.owner_id, before.deputy_id) != asked:
            _require_bystander(changes, kind, acting_user)
    rows = ComponentContract.objects.filter(workflow=workflow, kind=kind)
    contract = ComponentContract.objects.create(
        workflow=workflow,
        kind=kind,
        number=(rows.aggregate(last=Max("number"))["last"] or 0) + 1,
        owner=owner,
        deputy=deputy,
        created_by=acting_user,
        **asdict(text),
    )
    _note(contract, before, acting_user)
    because = f"The contract of the {ComponentKind(kind).label.lower()} was changed."
    for change in changes:
        subject = subjects[change.pk]
        settle(change, acting_user=acting_user, subject_before=subject, because=because)
    return contract


def _require_able(owner: User, deputy: User | None, workflow: Workflow) -> None:
    """Raise Refused unless both may review, and the deputy is somebody else than the owner."""
    who = " or ".join(roles_with("review"))
    resolve = f"Choose a {who} of {workflow.team}."
    reasons = []
    if not can(owner, "review", workflow.team):
        sentence = f"{owner} is no {who} of {workflow.team}, so nothing they own could be approved."
        reasons.append(Reason("owner", sentence, resolve))
    if deputy is not None and not can(deputy, "review", workflow.team):
        sentence = f"{deputy} is no {who} of {workflow.team}, so they could approve nothing."
        reasons.append(Reason("deputy", sentence, resolve))
    if deputy == owner:
        sentence = "The deputy stands in where the owner may not approve, so it is somebody else."
        reasons.append(Reason("deputy", sentence, "Choose another person, or nobody."))
    if reasons:
        raise Refused(*reasons)


def _require_bystander(changes: list[ChangeRequest], kind: str, acting_user: User) -> None:
    """Raise Refused for who worked on one of these that touches the component."""
    own = ChangeRequest.objects.filter(worked_on(acting_user), pk__in=[one.pk for one in changes])
    keys = set(own.values_list("pk", flat=True))
    touching = [one for one in changes if one.pk in keys and kind in touched_components(one)]
    if not touching:
        return
    numbers = ", ".join(f"#{change.number}" for change in touching)
    team, label = touching[0].workflow.team, ComponentKind(kind).label.lower()
    owners = User.objects.filter(
        memberships__team=team, memberships__role=Role.OWNER, is_active=True
    ).exclude(pk=acting_user.pk)
    names = " or ".join(owner.get_full_name() or str(owner) for owner in owners.order_by("pk"))
    raise Refused(
        Reason(
            "four_eyes",
            f"You worked on {numbers}, which touches the {label}, so you may not change who has to "
            "approve it.",
            f"Ask another owner who did not work on it ({names})."
            if names
            else f"{team} has no other owner: have one named, or wait until {numbers} is closed.",
        )
    )


def _said(contract: ComponentContract) -> tuple[int, int | None, ContractText]:
    text = ContractText(
        inputs=contract.inputs,
        outputs=contract.outputs,
        failure=contract.failure,
        humans_step_in=contract.humans_step_in,
        playbook=contract.playbook,
    )
    return contract.owner_id, contract.deputy_id, text


def _digest(contract: ComponentContract | None) -> str:
    if contract is None:
        return ""
    owner, deputy, text = _said(contract)
    return digest({"owner": owner, "deputy": deputy, **asdict(text)})


def _note(contract: ComponentContract, before: ComponentContract | None, acting_user: User) -> None:
    audit.record(
        "contract.saved",
        contract,
        acting_user=acting_user,
        workflow=contract.workflow,
        before=_digest(before),
        after=_digest(contract),
        detail={
            "kind": contract.kind,
            "number": contract.number,
            "owner": contract.owner.get_username(),
            "deputy": contract.deputy.get_username() if contract.deputy else None,
        },
    )
