"""LiteLLM's price map by REST: uploaded, previewed, taken over by choice."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from rest_framework import status
from rest_framework.parsers import FileUploadParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import person
from policies.api.bodies import PageQuery, read, read_query
from policies.api.operation import Made, body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.price_imports import (
    AppliedSerializer,
    PriceImportSerializer,
    PriceMapQuery,
    PricePreviewSerializer,
    TakeOver,
)
from policies.models import PriceImport
from policies.pricing.price_map import MAX_BYTES
from policies.services.rules import price_imports


def _preview(kept: PriceImport, *, code: int = status.HTTP_200_OK) -> Response:
    shown = PricePreviewSerializer(kept, context={"rows": price_imports.rows_of(kept)})
    return Response(shown.data, status=code)


class PriceImports(APIView):
    parser_classes = [FileUploadParser]

    @operation(
        "list_price_imports",
        "Price maps that were uploaded, newest first",
        gives=pages_of(PriceImportSerializer),
        query=PageQuery,
    )
    def get(self, request: Request) -> Response:
        read_query(request, PageQuery)
        rows = PriceImport.objects.defer("entries").select_related("created_by")
        return page_of(rows, PriceImportSerializer, request)

    @operation(
        "upload_price_map",
        "Upload LiteLLM's price map and see what it would change; nothing is taken over yet",
        takes={"application/octet-stream": OpenApiTypes.BINARY},
        gives=PricePreviewSerializer,
        status=201,
        made=Made("api:price-import", told={"pk": "id"}),
        query=PriceMapQuery,
    )
    def post(self, request: Request) -> Response:
        asked = read_query(request, PriceMapQuery)
        stream = request.stream
        raw = stream.read(MAX_BYTES + 1) if stream is not None else b""
        kept = price_imports.keep_price_map(asked["file_name"], raw, acting_user=person(request))
        return _preview(kept, code=status.HTTP_201_CREATED)


class OnePriceImport(APIView):
    @operation(
        "get_price_import",
        "What a price map would change of the catalogue as it is now",
        gives=PricePreviewSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return _preview(get_object_or_404(PriceImport, pk=pk))


class ApplyPriceImport(APIView):
    @operation(
        "apply_price_import",
        "Take the named models' prices and facts over, all of them or none",
        takes=TakeOver,
        gives=AppliedSerializer,
        examples=[body_example("One", {"models": ["gpt-4o-mini"], "effective_from": "2027-01-01"})],
    )
    def post(self, request: Request, pk: int) -> Response:
        kept = get_object_or_404(PriceImport, pk=pk)
        asked = read(request, TakeOver)
        applied = price_imports.apply_price_map(
            kept, asked["models"], asked["effective_from"], acting_user=person(request)
        )
        return Response(AppliedSerializer(applied).data)
