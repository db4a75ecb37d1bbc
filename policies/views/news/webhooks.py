"""Webhooks of a workflow: adding, changing, testing them, and what became of each delivery."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policies.engine import DocumentError
from policies.forms.news.webhooks import WebhookForm
from policies.governance.refusals import Refused
from policies.models import Webhook, WebhookMessage, Workflow
from policies.models.webhooks import MessageState
from policies.services.news import webhooks
from policies.views.navigation import Crumb
from policies.views.visible import person, workflow_or_404

PAGE = 20


@login_required
@require_http_methods(["GET", "POST"])
def webhook_list(request: HttpRequest, slug: str) -> HttpResponse:
    """All webhooks of a workflow, and a form for a new one."""
    workflow = _managed_or_403(request, slug)
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            webhook, secret = webhooks.add_webhook(
                workflow, form.facts(), acting_user=person(request)
            )
        except DocumentError as error:
            form.add_problems(error)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return _detail(request, webhook, secret=secret)
    context = {
        "workflow": workflow,
        "webhooks": Webhook.objects.filter(workflow=workflow),
        "form": form,
        "allow_private": settings.WEBHOOK_ALLOW_PRIVATE,
        "breadcrumbs": _crumbs(workflow),
    }
    return render(
        request, "policies/news/webhooks/list.html", context, status=422 if form.errors else 200
    )


@login_required
@require_http_methods(["GET", "POST"])
def webhook_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One webhook: its deliveries, its settings, its secret."""
    webhook = _webhook_or_404(request, slug, pk)
    if request.method != "POST":
        return _detail(request, webhook)
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            webhooks.update_webhook(webhook, form.facts(), acting_user=person(request))
        except DocumentError as error:
            form.add_problems(error)
        else:
            messages.success(request, "Saved.")
            return redirect("webhook", slug, pk)
    return _detail(request, webhook, form=form)


@login_required
@require_GET
def webhook_deliveries(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The delivery log alone, for a page that looks again while something waits."""
    webhook = _webhook_or_404(request, slug, pk)
    return render(request, "policies/news/webhooks/_deliveries.html", _log(request, webhook))


def _test(webhook: Webhook, user: User) -> str:
    webhooks.send_test(webhook, acting_user=user)
    return "A test is on its way."


def _switch_off(webhook: Webhook, user: User) -> str:
    webhooks.switch_off(webhook, acting_user=user)
    return f"{webhook.name} is no longer called."


def _switch_on(webhook: Webhook, user: User) -> str:
    webhooks.switch_on(webhook, acting_user=user)
    return f"{webhook.name} is called from the next event on."


ACTIONS: dict[str, Callable[[Webhook, User], str]] = {
    "test": _test,
    "switch-off": _switch_off,
    "switch-on": _switch_on,
}


@login_required
@require_POST
def webhook_act(request: HttpRequest, slug: str, pk: int, action: str) -> HttpResponse:
    """Test a webhook, or switch it off or on."""
    webhook = _webhook_or_404(request, slug, pk)
    if action not in ACTIONS:
        raise Http404
    try:
        messages.success(request, ACTIONS[action](webhook, person(request)))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("webhook", slug, pk)


@login_required
@require_POST
def webhook_rotate(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Issue a new secret; it is shown once."""
    webhook = _webhook_or_404(request, slug, pk)
    webhook, secret = webhooks.rotate_secret(webhook, acting_user=person(request))
    return _detail(request, webhook, secret=secret)


@login_required
@require_POST
def webhook_delete(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Remove a webhook and its log, for good."""
    webhook = _webhook_or_404(request, slug, pk)
    webhooks.delete_webhook(webhook, acting_user=person(request))
    messages.success(request, f"{webhook.name} is deleted.")
    return redirect("webhooks", slug)


@login_required
@require_POST
def webhook_redeliver(request: HttpRequest, slug: str, pk: int, message_pk: int) -> HttpResponse:
    """Deliver one message again."""
    webhook = _webhook_or_404(request, slug, pk)
    rows = WebhookMessage.objects.select_related("webhook")
    message = get_object_or_404(rows, webhook=webhook, pk=message_pk)
    try:
        webhooks.redeliver(message, acting_user=person(request))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "It is on its way again.")
    return redirect("webhook", slug, pk)


def _managed_or_403(request: HttpRequest, slug: str) -> Workflow:
    workflow = workflow_or_404(request, slug)
    try:
        webhooks.require_manager(workflow, acting_user=person(request))
    except Refused as refusal:
        raise PermissionDenied(str(refusal)) from None
    return workflow


def _webhook_or_404(request: HttpRequest, slug: str, pk: int) -> Webhook:
    workflow = _managed_or_403(request, slug)
    return get_object_or_404(Webhook.objects.select_related("workflow"), workflow=workflow, pk=pk)


def _detail(
    request: HttpRequest,
    webhook: Webhook,
    form: WebhookForm | None = None,
    secret: str = "",
) -> HttpResponse:
    facts = webhooks.facts_of(webhook)
    initial = {name: getattr(facts, name) for name in facts.__dataclass_fields__}
    context = _log(request, webhook) | {
        "form": form or WebhookForm(initial=initial),
        "secret": secret,
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "policies/news/webhooks/detail.html", context, status=status)


def _log(request: HttpRequest, webhook: Webhook) -> dict[str, Any]:
    rows = WebhookMessage.objects.filter(webhook=webhook).prefetch_related("attempts")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    # Between retries nothing happens for minutes: worth waiting for is a first try only.
    is_waiting = any(row.state == MessageState.PENDING and not row.tries for row in page)
    return {
        "workflow": webhook.workflow,
        "webhook": webhook,
        "page": page,
        "is_waiting": is_waiting,
        "breadcrumbs": _crumbs(webhook.workflow, Crumb(webhook.name)),
    }


def _crumbs(workflow: Workflow, *below: Crumb) -> list[Crumb]:
    return [
        Crumb(workflow.name, workflow.get_absolute_url()),
        Crumb("Settings", reverse("workflow-settings", args=[workflow.slug])),
        Crumb("Webhooks", reverse("webhooks", args=[workflow.slug]) if below else ""),
        *below,
    ]
