"""Around the ordinary way: set times, freezes, break-glass and its debts, threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import change_to_act_on_or_404, person, release_rows, workflow_or_404
from policies.api.bodies import Nothing, read, read_query
from policies.api.operation import Made, body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.changes import ChangeDetailSerializer
from policies.api.shapes.protection import (
    DebtQuery,
    DebtSerializer,
    Emergency,
    Explanation,
    FreezeQuery,
    FreezeSerializer,
    NewFreeze,
    NewSchedule,
)
from policies.api.shapes.releases import ReleaseDetailSerializer
from policies.api.shapes.review import CommentSerializer, Judgement
from policies.api.views.changes import environment_named, shown_change
from policies.api.views.review import judged
from policies.models import Comment, FreezeWindow, ReviewDebt
from policies.services.releases import breaking_glass, freezing, scheduling
from policies.services.review import reviews, threads


class Schedule(APIView):
    @operation(
        "schedule_change",
        "Set the time at which it publishes itself; another time voids approvals",
        takes=NewSchedule,
        gives=ChangeDetailSerializer,
        examples=[body_example("On a Monday", {"publish_at": "2027-01-04T09:00:00+01:00"})],
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        change = change_to_act_on_or_404(request, slug, number)
        asked = read(request, NewSchedule)
        scheduling.schedule(change, asked["publish_at"], acting_user=person(request))
        return shown_change(request, change)


class TakeBack(APIView):
    @operation(
        "take_review_back",
        "Let my own review no longer count",
        takes=Explanation,
        gives=ChangeDetailSerializer,
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        return _explained(request, slug, number, reviews.take_back)


class BreakGlass(APIView):
    @operation(
        "break_glass",
        "Publish in an emergency what is not approved; needs a password just entered, so a browser",
        takes=Emergency,
        gives=ReleaseDetailSerializer,
        status=201,
        made=Made("api:release", ("slug",), {"environment": "environment", "number": "number"}),
        examples=[
            body_example("An outage", {"reason": "Every call to Acme fails since 14:05 UTC."})
        ],
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        change = change_to_act_on_or_404(request, slug, number)
        asked = read(request, Emergency)
        release = breaking_glass.break_glass(change, **asked, acting_user=person(request))
        shown = ReleaseDetailSerializer(
            release_rows().get(pk=release.pk), context={"request": request}
        )
        return Response(shown.data, status=status.HTTP_201_CREATED)


class ApproveAfterwards(APIView):
    @operation(
        "approve_afterwards",
        "Give an approval that a break-glass publication owes",
        takes=Judgement,
        gives=ChangeDetailSerializer,
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        change = change_to_act_on_or_404(request, slug, number)
        return judged(request, change, breaking_glass.approve_afterwards)


class CloseDebt(APIView):
    @operation(
        "close_review_debt",
        "Write off the debt of content that is not in force any more",
        takes=Explanation,
        gives=ChangeDetailSerializer,
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        return _explained(request, slug, number, breaking_glass.close_debt)


class Debts(APIView):
    @operation(
        "list_review_debts",
        "What break-glass publications of a workflow owe, newest first",
        gives=pages_of(DebtSerializer),
        query=DebtQuery,
    )
    def get(self, request: Request, slug: str) -> Response:
        asked = read_query(request, DebtQuery)
        rows = ReviewDebt.objects.with_related().select_related("settled_by")
        rows = rows.filter(change__workflow=workflow_or_404(request, slug))
        return page_of(rows.open() if asked.get("open") else rows, DebtSerializer, request)


class Freezes(APIView):
    @operation(
        "list_freezes",
        "Freeze windows of a workflow",
        gives=pages_of(FreezeSerializer),
        query=FreezeQuery,
    )
    def get(self, request: Request, slug: str) -> Response:
        asked = read_query(request, FreezeQuery)
        rows = FreezeWindow.objects.filter(workflow=workflow_or_404(request, slug))
        rows = rows.select_related("environment", "created_by", "lifted_by")
        chosen = rows.ahead(timezone.now()) if asked.get("ahead") else rows
        return page_of(chosen, FreezeSerializer, request)

    @operation(
        "freeze",
        "Let nothing be published between two moments",
        takes=NewFreeze,
        gives=FreezeSerializer,
        status=201,
        made=Made("api:freezes", ("slug",)),
        examples=[
            body_example(
                "Over the holidays",
                {
                    "environment": "production",
                    "starts_at": "2027-12-20T00:00:00Z",
                    "ends_at": "2028-01-03T00:00:00Z",
                    "reason": "Few people are there to help.",
                },
            )
        ],
    )
    def post(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked = read(request, NewFreeze)
        name = asked.pop("environment", None)
        environment = environment_named(workflow, name) if name else None
        window = freezing.freeze(
            workflow, **asked, environment=environment, acting_user=person(request)
        )
        return Response(FreezeSerializer(window).data, status=status.HTTP_201_CREATED)


class LiftFreeze(APIView):
    @operation("lift_freeze", "End a freeze before its time", gives=FreezeSerializer)
    def post(self, request: Request, slug: str, pk: int) -> Response:
        read(request, Nothing)
        rows = FreezeWindow.objects.select_related("workflow__team", "environment", "created_by")
        window = get_object_or_404(rows, workflow=workflow_or_404(request, slug), pk=pk)
        lifted = freezing.lift(window, acting_user=person(request))
        return Response(FreezeSerializer(lifted).data)


class ResolveThread(APIView):
    @operation("resolve_thread", "Say that a thread has its answer", gives=CommentSerializer)
    def post(self, request: Request, slug: str, number: int, pk: int) -> Response:
        return _thread(request, slug, number, pk, threads.resolve)


class ReopenThread(APIView):
    @operation("reopen_thread", "Take up a thread again", gives=CommentSerializer)
    def post(self, request: Request, slug: str, number: int, pk: int) -> Response:
        return _thread(request, slug, number, pk, threads.reopen)


def _explained(request: Request, slug: str, number: int, act: Callable[..., Any]) -> Response:
    change = change_to_act_on_or_404(request, slug, number)
    act(change, read(request, Explanation)["reason"], acting_user=person(request))
    return shown_change(request, change)


def _thread(
    request: Request, slug: str, number: int, pk: int, act: Callable[..., Comment]
) -> Response:
    read(request, Nothing)
    change = change_to_act_on_or_404(request, slug, number)
    rows = Comment.objects.select_related("change__workflow__team", "change__bundle", "parent")
    remark = act(get_object_or_404(rows, change=change, pk=pk), acting_user=person(request))
    return Response(CommentSerializer(remark).data)
