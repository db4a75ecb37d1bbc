"""Datasets by REST: listed, read, imported."""

from __future__ import annotations

from collections.abc import Iterator

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers, status
from rest_framework.parsers import FileUploadParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.datasets.problems import DatasetError
from evaluations.models import Dataset
from evaluations.services.datasets import importing
from policies.api.access import person, workflow_or_404
from policies.api.bodies import Body, PageQuery, read_query
from policies.api.operation import Made, operation
from policies.api.pages import page_of, pages_of
from policies.api.problem import WRONG_INPUT, problem

PIECE = 1 << 20


def _pieces(request: Request) -> Iterator[bytes]:
    """The body as it arrives: a dataset may be larger than memory should be."""
    stream = request.stream
    return iter(lambda: stream.read(PIECE), b"") if stream is not None else iter(())


class ImportQuery(Body):
    """How the dataset is called, and what the file was called: its ending says what it is."""

    name = serializers.CharField(max_length=120)
    file_name = serializers.RegexField(
        r"\.(jsonl|csv|parquet)(\.gz)?$",
        max_length=255,
        error_messages={"invalid": "must end with .jsonl, .csv or .parquet, perhaps then .gz"},
    )
    is_simulated = serializers.BooleanField(required=False, default=False)


class DatasetOriginSerializer(serializers.ModelSerializer[Dataset]):
    """Who imported a dataset, when, by which way, and where its rows come from."""

    imported_by = serializers.CharField(
        source="created_by.username", default="", read_only=True, allow_blank=True
    )
    imported_at = serializers.DateTimeField(source="created_at", read_only=True)
    origin = serializers.CharField(read_only=True)

    class Meta:
        model = Dataset
        fields = ["imported_by", "imported_at", "imported_from", "origin"]


class DatasetSerializer(DatasetOriginSerializer):
    """A dataset, what is in it, and where it comes from."""

    requests = serializers.IntegerField(read_only=True)
    is_full = serializers.BooleanField(read_only=True)
    summary = serializers.DictField(read_only=True)

    class Meta(DatasetOriginSerializer.Meta):
        fields = [
            "id",
            "name",
            "digest",
            "requests",
            "is_full",
            "is_simulated",
            "source_name",
            "summary",
            "created_at",
            "imported_by",
            "imported_from",
            "origin",
        ]


class Datasets(APIView):
    parser_classes = [FileUploadParser]

    @operation(
        "list_datasets",
        "Datasets of a workflow, newest first",
        gives=pages_of(DatasetSerializer),
        query=PageQuery,
    )
    def get(self, request: Request, slug: str) -> Response:
        read_query(request, PageQuery)
        rows = Dataset.objects.filter(workflow=workflow_or_404(request, slug))
        rows = rows.select_related("created_by")
        return page_of(rows, DatasetSerializer, request)

    @operation(
        "import_dataset",
        "Import recorded outcomes; the same rows again give the dataset that is there",
        takes={"application/octet-stream": OpenApiTypes.BINARY},
        gives=DatasetSerializer,
        status=201,
        made=Made("api-dataset", ("slug",), {"pk": "id"}),
        query=ImportQuery,
    )
    def post(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked = read_query(request, ImportQuery)
        try:
            dataset = importing.import_upload(
                workflow,
                _pieces(request),
                acting_user=person(request),
                name=asked["name"],
                source_name=asked["file_name"],
                is_simulated=asked["is_simulated"],
            )
        except DatasetError as error:
            return _faulty(error)
        return Response(DatasetSerializer(dataset).data, status=status.HTTP_201_CREATED)


class OneDataset(APIView):
    @operation("get_dataset", "A dataset", gives=DatasetSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        workflow = workflow_or_404(request, slug)
        dataset = get_object_or_404(Dataset, workflow=workflow, pk=pk)
        return Response(DatasetSerializer(dataset).data)


def _faulty(error: DatasetError) -> Response:
    errors = [
        {"pointer": "", "line": found.line, "field": found.field, "message": found.message}
        for found in error.problems.shown
    ]
    detail = f"{error.problems.total} faults in the file; nothing was imported."
    return problem(422, detail, WRONG_INPUT, errors=errors)
