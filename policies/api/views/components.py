"""Component versions and contracts."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import kind_or_404, person, workflow_or_404
from policies.api.bodies import PageQuery, read, read_query
from policies.api.operation import KIND, body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.components import (
    ContractSerializer,
    DifferenceQuery,
    DifferenceSerializer,
    NewContract,
    VersionSerializer,
    VersionWithDocumentSerializer,
)
from policies.differences import describe_difference
from policies.models import ComponentContract, ComponentVersion
from policies.services.teams.contracts import (
    ContractText,
    contract_in_force,
    contracts_in_force,
    save_contract,
)

CONTRACT_EXAMPLE = body_example(
    "A complete contract",
    {
        "owner": "olga",
        "inputs": "The attributes of a request.",
        "outputs": "One class.",
        "failure": "Hard questions land in the simple class.",
        "humans_step_in": "When route accuracy falls below 0.8 for an hour.",
        "playbook": "1. Roll back.\n2. Tell the owner.",
    },
)


class Versions(APIView):
    @operation(
        "list_versions",
        "Versions of a component, newest first",
        gives=pages_of(VersionSerializer),
        query=PageQuery,
        parameters=[KIND],
    )
    def get(self, request: Request, slug: str, kind: str) -> Response:
        read_query(request, PageQuery)
        workflow = workflow_or_404(request, slug)
        rows = ComponentVersion.objects.filter(workflow=workflow, kind=kind_or_404(kind))
        return page_of(rows.select_related("created_by"), VersionSerializer, request)


class OneVersion(APIView):
    @operation(
        "get_version",
        "One version of a component, with its document",
        gives=VersionWithDocumentSerializer,
        parameters=[KIND],
    )
    def get(self, request: Request, slug: str, kind: str, number: int) -> Response:
        workflow = workflow_or_404(request, slug)
        version = get_object_or_404(
            ComponentVersion, workflow=workflow, kind=kind_or_404(kind), number=number
        )
        return Response(VersionWithDocumentSerializer(version).data)


class Difference(APIView):
    @operation(
        "compare_versions",
        "What changed between two versions, in words",
        gives=DifferenceSerializer,
        query=DifferenceQuery,
        parameters=[KIND],
    )
    def get(self, request: Request, slug: str, kind: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked = read_query(request, DifferenceQuery)
        rows = ComponentVersion.objects.filter(workflow=workflow, kind=kind_or_404(kind))
        old = get_object_or_404(rows, number=asked["from"])
        new = get_object_or_404(rows, number=asked["to"])
        said = {
            "old": old.number,
            "new": new.number,
            "changes": describe_difference(
                kind, old.document, new.document, classification=new.classification()
            ),
        }
        return Response(DifferenceSerializer(said).data)


class Contracts(APIView):
    @operation("list_contracts", "The contracts in force", gives=ContractSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        in_force = contracts_in_force([workflow_or_404(request, slug)])
        in_force.sort(key=lambda contract: contract.kind)
        return Response(ContractSerializer(in_force, many=True).data)


class OneContract(APIView):
    @operation(
        "get_contract",
        "The contract of a component in force",
        gives=ContractSerializer,
        parameters=[KIND],
    )
    def get(self, request: Request, slug: str, kind: str) -> Response:
        workflow = workflow_or_404(request, slug)
        contract = contract_in_force(workflow, kind_or_404(kind))
        return Response(ContractSerializer(_found(contract)).data)

    @operation(
        "save_contract",
        "Put a new version of a contract in force",
        takes=NewContract,
        gives=ContractSerializer,
        parameters=[KIND],
        examples=[CONTRACT_EXAMPLE],
    )
    def put(self, request: Request, slug: str, kind: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked: dict[str, Any] = read(request, NewContract)
        contract = save_contract(
            workflow,
            kind_or_404(kind),
            asked.pop("owner"),
            deputy=asked.pop("deputy", None),
            text=ContractText(**asked),
            acting_user=person(request),
        )
        return Response(ContractSerializer(contract).data)


class ContractVersions(APIView):
    @operation(
        "list_contract_versions",
        "Every version of a contract, newest first",
        gives=pages_of(ContractSerializer),
        query=PageQuery,
        parameters=[KIND],
    )
    def get(self, request: Request, slug: str, kind: str) -> Response:
        read_query(request, PageQuery)
        workflow = workflow_or_404(request, slug)
        rows = ComponentContract.objects.filter(workflow=workflow, kind=kind_or_404(kind))
        return page_of(
            rows.select_related("owner", "deputy", "created_by"), ContractSerializer, request
        )


def _found(contract: ComponentContract | None) -> ComponentContract:
    if contract is None:
        raise Http404
    return contract
