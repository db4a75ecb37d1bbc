"""The catalogue: read by everybody, edited by those who answer for a team."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import person
from policies.api.bodies import PageQuery, read, read_query
from policies.api.operation import Made, body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.catalogue import (
    CatalogueModelSerializer,
    CatalogueQuery,
    ChangedModel,
    NewModel,
    NewProvider,
    NextPrice,
    PriceSerializer,
    ProviderSerializer,
    facts_from,
    price_from,
)
from policies.api.shapes.rules import RuleChangeSerializer, waiting_answer
from policies.models import CatalogueModel, Provider
from policies.services.catalogue import entries
from policies.services.rules import catalogue

PRICE = {
    "effective_from": "2026-01-01",
    "input_usd_per_mtok": "0.15",
    "output_usd_per_mtok": "0.60",
}
MODEL_EXAMPLE = body_example(
    "A small model",
    {
        "provider": "openai",
        "key": "gpt-4o-mini",
        "label": "GPT-4o mini",
        "context_window": 128_000,
        "regions": ["eu", "us"],
        "capabilities": ["tools"],
        "price": PRICE,
    },
)


def _models() -> QuerySet[CatalogueModel]:
    return CatalogueModel.objects.select_related("provider").prefetch_related("prices__created_by")


def _shown(model: CatalogueModel, *, code: int = status.HTTP_200_OK) -> Response:
    return Response(CatalogueModelSerializer(_models().get(pk=model.pk)).data, status=code)


class Providers(APIView):
    @operation(
        "list_providers",
        "Who offers models",
        gives=pages_of(ProviderSerializer),
        query=PageQuery,
    )
    def get(self, request: Request) -> Response:
        read_query(request, PageQuery)
        return page_of(Provider.objects.all(), ProviderSerializer, request)

    @operation(
        "add_provider",
        "Add a provider",
        takes=NewProvider,
        gives=ProviderSerializer,
        status=201,
        made=Made("api:providers"),
        examples=[body_example("A provider", {"slug": "openai", "label": "OpenAI"})],
    )
    def post(self, request: Request) -> Response:
        asked = read(request, NewProvider)
        provider = entries.add_provider(**asked, acting_user=person(request))
        return Response(ProviderSerializer(provider).data, status=status.HTTP_201_CREATED)


class CatalogueModels(APIView):
    @operation(
        "list_models",
        "Models, with the price in force today",
        gives=pages_of(CatalogueModelSerializer),
        query=CatalogueQuery,
    )
    def get(self, request: Request) -> Response:
        asked = read_query(request, CatalogueQuery)
        lookups = {"provider": "provider__slug", "key": "key", "status": "status"}
        chosen = {lookups[name]: asked[name] for name in lookups if name in asked}
        return page_of(_models().filter(**chosen), CatalogueModelSerializer, request)

    @operation(
        "add_model",
        "Add a model with its first price",
        takes=NewModel,
        gives=CatalogueModelSerializer,
        status=201,
        made=Made("api:model", told={"pk": "id"}),
        examples=[MODEL_EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        asked = read(request, NewModel)
        provider, key = asked.pop("provider"), asked.pop("key")
        price = price_from(asked.pop("price"))
        model = entries.add_model(
            provider, key, facts_from(asked), price, acting_user=person(request)
        )
        return _shown(model, code=status.HTTP_201_CREATED)


class OneCatalogueModel(APIView):
    @operation("get_model", "One model", gives=CatalogueModelSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return _shown(get_object_or_404(CatalogueModel, pk=pk))

    @operation(
        "change_model",
        "Change what is said of a model",
        takes=ChangedModel,
        gives=CatalogueModelSerializer,
        or_else={status.HTTP_202_ACCEPTED: RuleChangeSerializer},
        examples=[body_example("Retire it", {"status": "retired"})],
    )
    def patch(self, request: Request, pk: int) -> Response:
        model = get_object_or_404(CatalogueModel, pk=pk)
        asked = read(request, ChangedModel)
        why = asked.pop("why", "")
        facts = facts_from(asked, model)
        change = catalogue.change_model(model, facts, acting_user=person(request), why=why)
        return waiting_answer(change) or _shown(model)


class Prices(APIView):
    @operation(
        "list_prices",
        "Prices of a model, the latest first",
        gives=pages_of(PriceSerializer),
        query=PageQuery,
    )
    def get(self, request: Request, pk: int) -> Response:
        read_query(request, PageQuery)
        model = get_object_or_404(CatalogueModel, pk=pk)
        return page_of(model.prices.select_related("created_by"), PriceSerializer, request)

    @operation(
        "add_price",
        "Add a price from a day on; earlier ones stay",
        takes=NextPrice,
        gives=PriceSerializer,
        status=201,
        made=Made("api:prices", ("pk",)),
        or_else={status.HTTP_202_ACCEPTED: RuleChangeSerializer},
        examples=[body_example("From January on", PRICE)],
    )
    def post(self, request: Request, pk: int) -> Response:
        model = get_object_or_404(CatalogueModel, pk=pk)
        asked = read(request, NextPrice)
        why = asked.pop("why", "")
        price = price_from(asked)
        change = catalogue.add_price(model, price, acting_user=person(request), why=why)
        waiting = waiting_answer(change)
        if waiting is not None:
            return waiting
        created = model.prices.get(effective_from=price.effective_from)
        return Response(PriceSerializer(created).data, status=status.HTTP_201_CREATED)
