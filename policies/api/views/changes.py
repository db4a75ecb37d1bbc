"""Change requests: opened, edited, and found again."""

from __future__ import annotations

from types import EllipsisType
from typing import Any

from django.db.models import QuerySet
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import change_to_act_on_or_404, person, workflow_or_404
from policies.api.bodies import read, read_query
from policies.api.operation import Made, body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.changes import (
    ChangeDetailSerializer,
    ChangeSerializer,
    ChangeWords,
    NewChange,
    WhoseQuery,
)
from policies.governance.refusals import Refused
from policies.models import ChangeRequest, Draft, Environment, Release, Workflow
from policies.services.review import changes
from policies.services.review.guards import awaiting_review_by
from policies.services.review.repairs import release_to_repair


def shown_change(
    request: Request, change: ChangeRequest, *, code: int = status.HTTP_200_OK
) -> Response:
    """The change request as it is now, and what the caller may do with it."""
    now = ChangeRequest.objects.with_related().get(pk=change.pk)
    shown = ChangeDetailSerializer(now, context={"request": request})
    return Response(shown.data, status=code)


def environment_named(workflow: Workflow, name: str) -> Environment:
    """An environment that a body names. Raises ValidationError when there is none."""
    found = Environment.objects.filter(workflow=workflow, name=name).first()
    if found is None:
        raise ValidationError({"environment": ["This workflow has no such environment."]})
    return found


def repaired_named(environment: Environment, number: int | None) -> Release | None:
    """The release that a body says is repaired. Raises ValidationError when that cannot be."""
    try:
        return None if number is None else release_to_repair(environment, number)
    except Refused as refusal:
        told = [f"{reason.sentence} {reason.resolve}" for reason in refusal.reasons]
        raise ValidationError({"repairs": told}) from refusal


def _chosen(request: Request, rows: QuerySet[ChangeRequest]) -> Response:
    asked = read_query(request, WhoseQuery)
    chosen = ChangeRequest.objects.visible_to(person(request)).with_related()
    chosen = chosen.filter(pk__in=rows.values("pk"))
    if asked.get("state") == "open":
        chosen = chosen.open()
    elif asked.get("state"):
        chosen = chosen.filter(state=asked["state"])
    if asked.get("environment"):
        chosen = chosen.filter(environment__name=asked["environment"])
    if asked.get("mine"):
        chosen = chosen.filter(contributors=person(request))
    if asked.get("awaiting_my_review"):
        chosen = chosen.filter(pk__in=awaiting_review_by(person(request)).values("pk"))
    return page_of(chosen.order_by("-updated_at", "-pk"), ChangeSerializer, request)


class AllChanges(APIView):
    @operation(
        "list_all_changes",
        "Change requests of all my workflows, last touched first",
        gives=pages_of(ChangeSerializer),
        query=WhoseQuery,
    )
    def get(self, request: Request) -> Response:
        return _chosen(request, ChangeRequest.objects.all())


class Changes(APIView):
    @operation(
        "list_changes",
        "Change requests of a workflow, last touched first",
        gives=pages_of(ChangeSerializer),
        query=WhoseQuery,
    )
    def get(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        return _chosen(request, ChangeRequest.objects.filter(workflow=workflow))

    @operation(
        "propose_change",
        "Open a change request from a draft",
        takes=NewChange,
        gives=ChangeDetailSerializer,
        status=201,
        made=Made("api:change", ("slug",), {"number": "number"}),
        examples=[
            body_example(
                "To staging",
                {
                    "draft": 12,
                    "environment": "staging",
                    "title": "Send simple questions to mini",
                    "why": "It answers them as well at a tenth of the price.",
                },
            ),
            body_example(
                "A repair",
                {
                    "draft": 13,
                    "environment": "production",
                    "title": "Give refunds a fallback again",
                    "why": "Release 4 left them without one.",
                    "repairs": 4,
                },
            ),
        ],
    )
    def post(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked = read(request, NewChange)
        draft = Draft.objects.filter(workflow=workflow, pk=asked["draft"]).first()
        if draft is None:
            raise ValidationError({"draft": ["This workflow has no such draft."]})
        environment = environment_named(workflow, asked["environment"])
        change = changes.propose(
            draft,
            environment,
            asked["title"],
            asked["why"],
            repairs=repaired_named(environment, asked.get("repairs")),
            acting_user=person(request),
        )
        return shown_change(request, change, code=status.HTTP_201_CREATED)


class OneChange(APIView):
    @operation(
        "get_change",
        "A change request: checks, approvals, and what I may do with it",
        gives=ChangeDetailSerializer,
    )
    def get(self, request: Request, slug: str, number: int) -> Response:
        return shown_change(request, change_to_act_on_or_404(request, slug, number))

    @operation(
        "describe_change",
        "Change its words, what it repairs, or move it to another environment",
        takes=ChangeWords,
        gives=ChangeDetailSerializer,
    )
    def patch(self, request: Request, slug: str, number: int) -> Response:
        change = change_to_act_on_or_404(request, slug, number)
        asked: dict[str, Any] = read(request, ChangeWords)
        environment = None
        if "environment" in asked:
            environment = environment_named(change.workflow, asked["environment"])
        repairs: Release | EllipsisType | None = ...
        if "repairs" in asked:
            repairs = repaired_named(environment or change.environment, asked["repairs"])
        changes.describe(
            change,
            asked.get("title", change.title),
            asked.get("why", change.why),
            environment=environment,
            repairs=repairs,
            acting_user=person(request),
        )
        return shown_change(request, change)
