"""Webhooks of a workflow: seen and managed by its operators and administrators."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import person, workflow_or_404
from policies.api.bodies import Nothing, PageQuery, read, read_query
from policies.api.operation import Made, body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.webhooks import (
    IssuedWebhookSerializer,
    NewWebhook,
    WebhookChange,
    WebhookMessageSerializer,
    WebhookSerializer,
    facts_from,
)
from policies.models import Webhook, WebhookMessage, Workflow
from policies.services.news import webhooks

EXAMPLE = {
    "name": "Release channel",
    "url": "https://hooks.example.com/services/T000/B000/secret",
    "body_kind": "slack",
    "events": ["release.published", "release.rolled_back"],
}


def _managed(request: Request, slug: str) -> Workflow:
    workflow = workflow_or_404(request, slug)
    webhooks.require_manager(workflow, acting_user=person(request))
    return workflow


def _rows(workflow: Workflow) -> QuerySet[Webhook]:
    rows = Webhook.objects.filter(workflow=workflow)
    return rows.select_related("workflow__team", "created_by")


def _webhook_or_404(request: Request, slug: str, pk: int) -> Webhook:
    return get_object_or_404(_rows(_managed(request, slug)), pk=pk)


def _issued(webhook: Webhook, plain: str, code: int) -> Response:
    shown = IssuedWebhookSerializer(webhook, context={"plain": plain}).data
    return Response(shown, status=code)


class Webhooks(APIView):
    @operation(
        "list_webhooks",
        "Who is told what happens here",
        gives=pages_of(WebhookSerializer),
        query=PageQuery,
    )
    def get(self, request: Request, slug: str) -> Response:
        read_query(request, PageQuery)
        return page_of(_rows(_managed(request, slug)), WebhookSerializer, request)

    @operation(
        "add_webhook",
        "Add a webhook",
        takes=NewWebhook,
        gives=IssuedWebhookSerializer,
        status=201,
        made=Made("api:webhook", ("slug",), {"pk": "id"}),
        examples=[body_example("A chat channel", EXAMPLE)],
    )
    def post(self, request: Request, slug: str) -> Response:
        workflow = _managed(request, slug)
        facts = facts_from(read(request, NewWebhook))
        webhook, plain = webhooks.add_webhook(workflow, facts, acting_user=person(request))
        return _issued(webhook, plain, status.HTTP_201_CREATED)


class OneWebhook(APIView):
    @operation("get_webhook", "One webhook", gives=WebhookSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        return Response(WebhookSerializer(_webhook_or_404(request, slug, pk)).data)

    @operation(
        "update_webhook",
        "Change a webhook, or switch it off or on",
        takes=WebhookChange,
        gives=WebhookSerializer,
        examples=[body_example("Switch it on again", {"is_enabled": True})],
    )
    def patch(self, request: Request, slug: str, pk: int) -> Response:
        webhook, user = _webhook_or_404(request, slug, pk), person(request)
        asked = read(request, WebhookChange)
        with transaction.atomic():
            webhooks.update_webhook(webhook, facts_from(asked, webhook), acting_user=user)
            if "is_enabled" in asked:
                switch = webhooks.switch_on if asked["is_enabled"] else webhooks.switch_off
                switch(webhook, acting_user=user)
        return Response(WebhookSerializer(_webhook_or_404(request, slug, pk)).data)

    @operation("delete_webhook", "Remove a webhook and its delivery log", status=204)
    def delete(self, request: Request, slug: str, pk: int) -> Response:
        read(request, Nothing)
        webhooks.delete_webhook(_webhook_or_404(request, slug, pk), acting_user=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class RotateWebhookSecret(APIView):
    @operation(
        "rotate_webhook_secret",
        "Issue a new secret; the old one signs beside it for a day",
        gives=IssuedWebhookSerializer,
        status=201,
        made=Made("api:webhook", ("slug", "pk")),
    )
    def post(self, request: Request, slug: str, pk: int) -> Response:
        read(request, Nothing)
        webhook = _webhook_or_404(request, slug, pk)
        webhook, plain = webhooks.rotate_secret(webhook, acting_user=person(request))
        return _issued(webhook, plain, status.HTTP_201_CREATED)


class TestWebhook(APIView):
    @operation("test_webhook", "Send a made-up event", gives=WebhookMessageSerializer, status=202)
    def post(self, request: Request, slug: str, pk: int) -> Response:
        read(request, Nothing)
        webhook = _webhook_or_404(request, slug, pk)
        message = webhooks.send_test(webhook, acting_user=person(request))
        return Response(WebhookMessageSerializer(message).data, status=status.HTTP_202_ACCEPTED)


class WebhookMessages(APIView):
    @operation(
        "list_webhook_messages",
        "What was to be delivered, and each try",
        gives=pages_of(WebhookMessageSerializer),
        query=PageQuery,
    )
    def get(self, request: Request, slug: str, pk: int) -> Response:
        read_query(request, PageQuery)
        rows = WebhookMessage.objects.filter(webhook=_webhook_or_404(request, slug, pk))
        return page_of(rows.prefetch_related("attempts"), WebhookMessageSerializer, request)


class RedeliverWebhookMessage(APIView):
    @operation(
        "redeliver_webhook_message",
        "Deliver one message again",
        gives=WebhookMessageSerializer,
        status=202,
    )
    def post(self, request: Request, slug: str, pk: int, message_pk: int) -> Response:
        read(request, Nothing)
        rows = WebhookMessage.objects.select_related("webhook")
        webhook = _webhook_or_404(request, slug, pk)
        message = get_object_or_404(rows, webhook=webhook, pk=message_pk)
        message = webhooks.redeliver(message, acting_user=person(request))
        return Response(WebhookMessageSerializer(message).data, status=status.HTTP_202_ACCEPTED)
