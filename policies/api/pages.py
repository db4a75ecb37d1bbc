"""Long lists, a page at a time."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response


class Pages(PageNumberPagination):
    """`?page=2&page_size=100`; 50 to a page unless asked otherwise, 200 at most."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


def page_of(
    rows: QuerySet[Any, Any],
    serializer: type[serializers.BaseSerializer[Any]],
    request: Request,
) -> Response:
    """One page of the rows, with the addresses of its neighbours."""
    pages = Pages()
    shown = pages.paginate_queryset(rows, request)
    written = serializer(shown, many=True, context={"request": request})
    return pages.get_paginated_response(written.data)


@cache
def pages_of(serializer: type[serializers.Serializer[Any]]) -> Any:
    """The shape of such a page, for the OpenAPI document."""
    name = serializer.__name__.removesuffix("Serializer")
    return inline_serializer(
        f"{name}Page",
        {
            "count": serializers.IntegerField(),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": serializer(many=True),
        },
    )
