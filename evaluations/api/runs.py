"""Shadow evaluations by REST: started, watched, read, cancelled."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet, Sum
from django.shortcuts import get_object_or_404
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.api.datasets import DatasetOriginSerializer
from evaluations.models import Dataset, ShadowEvaluation
from evaluations.replay.terms import TermsError, parse_terms
from evaluations.services.runs import starting
from policies.api.access import person, workflow_or_404
from policies.api.bodies import Body, PageQuery, read, read_query
from policies.api.operation import Made, body_example, operation
from policies.api.pages import page_of, pages_of
from policies.models import Bundle, ChangeRequest, Workflow


class StartBody(Body):
    """A change request against its base, or one bundle against another, on a dataset."""

    dataset = serializers.IntegerField(help_text="Id of the dataset.")
    change = serializers.IntegerField(required=False, help_text="Number of the change request.")
    candidate = serializers.CharField(required=False, help_text="Digest of a bundle.")
    baseline = serializers.CharField(required=False, help_text="Digest of a bundle.")
    adequate_at = serializers.FloatField(required=False)
    timeout_ms = serializers.FloatField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("change" in attrs) == ("candidate" in attrs):
            raise serializers.ValidationError(
                {"change": ["Name either a change request or a candidate bundle."]}
            )
        if "change" in attrs and "baseline" in attrs:
            raise serializers.ValidationError(
                {"baseline": ["A change request is compared with its base; leave this out."]}
            )
        return attrs


class RunSerializer(serializers.ModelSerializer[ShadowEvaluation]):
    """Where an evaluation stands, and once finished, its verdict."""

    dataset = serializers.IntegerField(source="dataset_id", read_only=True)
    dataset_origin = DatasetOriginSerializer(source="dataset", read_only=True)
    change = serializers.IntegerField(
        source="change_request.number", read_only=True, allow_null=True, default=None
    )
    candidate = serializers.CharField(source="candidate.digest", read_only=True)
    baseline = serializers.CharField(source="baseline_digest", read_only=True)
    requests_done = serializers.SerializerMethodField()
    requests_total = serializers.IntegerField(source="requests", read_only=True)
    look = serializers.IntegerField(
        read_only=True,
        help_text="Which look at the dataset's sealed share; 0 for a run that only explores.",
    )

    class Meta:
        model = ShadowEvaluation
        fields = [
            "id",
            "status",
            "verdict",
            "dataset",
            "dataset_origin",
            "change",
            "candidate",
            "baseline",
            "look",
            "requests_done",
            "requests_total",
            "result_digest",
            "error",
            "created_at",
            "started_at",
            "finished_at",
        ]

    def get_requests_done(self, run: ShadowEvaluation) -> int:
        return int(run.chunks.aggregate(done=Sum("requests"))["done"] or 0)


class RunDetailSerializer(RunSerializer):
    """The same with the whole report, empty until it is finished."""

    report = serializers.DictField(read_only=True)

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "report"]


def _rows(workflow: Workflow) -> QuerySet[ShadowEvaluation]:
    return ShadowEvaluation.objects.with_related().filter(workflow=workflow)


class Evaluations(APIView):
    @operation(
        "list_evaluations",
        "Shadow evaluations of a workflow, newest first",
        gives=pages_of(RunSerializer),
        query=PageQuery,
    )
    def get(self, request: Request, slug: str) -> Response:
        read_query(request, PageQuery)
        return page_of(_rows(workflow_or_404(request, slug)), RunSerializer, request)

    @operation(
        "start_evaluation",
        "Start a shadow evaluation, or get the same one that is there already",
        takes=StartBody,
        gives=RunSerializer,
        status=201,
        made=Made("api-evaluation", ("slug",), {"pk": "id"}),
        examples=[body_example("A change request", {"dataset": 1, "change": 5})],
    )
    def post(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked = read(request, StartBody)
        dataset = _one(Dataset.objects.filter(workflow=workflow, pk=asked["dataset"]), "dataset")
        given: dict[str, Any] = {
            name: asked[name] for name in ("adequate_at", "timeout_ms") if name in asked
        }
        try:
            terms = parse_terms(given)
        except TermsError as error:
            raise serializers.ValidationError({error.field: [error.message]}) from error
        change, candidate, baseline = _compared(workflow, asked)
        run = starting.start_evaluation(
            acting_user=person(request),
            workflow=workflow,
            dataset=dataset,
            candidate=candidate,
            baseline=baseline,
            change_request=change,
            terms=terms,
        )
        shown = RunSerializer(_rows(workflow).get(pk=run.pk))
        return Response(shown.data, status=status.HTTP_201_CREATED)


class OneEvaluation(APIView):
    @operation("get_evaluation", "A shadow evaluation and its report", gives=RunDetailSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        run = get_object_or_404(_rows(workflow_or_404(request, slug)), pk=pk)
        return Response(RunDetailSerializer(run).data)


class CancelEvaluation(APIView):
    @operation("cancel_evaluation", "Stop a shadow evaluation", gives=RunSerializer)
    def post(self, request: Request, slug: str, pk: int) -> Response:
        run = get_object_or_404(_rows(workflow_or_404(request, slug)), pk=pk)
        stopped = starting.cancel_evaluation(run, acting_user=person(request))
        return Response(RunSerializer(stopped).data)


def _compared(
    workflow: Workflow, asked: dict[str, Any]
) -> tuple[ChangeRequest | None, Bundle, Bundle | None]:
    """Change request, candidate and baseline that the caller named."""
    if "change" in asked:
        changes = ChangeRequest.objects.with_related().filter(workflow=workflow)
        change = _one(changes.filter(number=asked["change"]), "change")
        base = change.base_release.bundle if change.base_release else None
        return change, change.bundle, base
    bundles = Bundle.objects.filter(workflow=workflow)
    candidate = _one(bundles.filter(digest=asked["candidate"]), "candidate")
    named = asked.get("baseline")
    return None, candidate, _one(bundles.filter(digest=named), "baseline") if named else None


def _one(rows: QuerySet[Any], field: str) -> Any:
    found = rows.first()
    if found is None:
        raise serializers.ValidationError({field: ["This workflow has none of that name."]})
    return found
