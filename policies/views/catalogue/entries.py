"""The catalogue in the browser: providers, models, prices."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policies.engine import DocumentError
from policies.forms.catalogue.entries import (
    ModelForm,
    NewModelForm,
    PriceForm,
    ProviderForm,
    WhyForm,
    take_problems,
)
from policies.governance.refusals import Refused
from policies.models import AuditEvent, CatalogueModel, Provider, RuleChange
from policies.models.catalogue import ModelStatus
from policies.models.rule_changes import RuleChangeKind
from policies.services.catalogue import entries
from policies.services.rights import can_manage_catalogue
from policies.services.rules import catalogue
from policies.views.rules.rule_changes import WAITS
from policies.views.visible import person

FORMS: dict[str, type[forms.BaseForm]] = {
    "model": ModelForm,
    "new-model": NewModelForm,
    "price": PriceForm,
    "provider": ProviderForm,
}


@login_required
@require_GET
def catalogue_list(request: HttpRequest) -> HttpResponse:
    """Every model by provider, at today's price; ``?status=retired`` and the like narrow it."""
    chosen = request.GET.get("status", "")
    models = CatalogueModel.objects.prefetch_related("prices")
    if chosen in ModelStatus.values:
        models = models.filter(status=chosen)
    today = timezone.now().date()
    by_provider: dict[int, list[dict[str, Any]]] = {}
    for model in models:
        upcoming = [price for price in model.prices.all() if price.effective_from > today]
        row = {"model": model, "price": model.price_on(today), "upcoming": len(upcoming)}
        by_provider.setdefault(model.provider_id, []).append(row)
    context = {
        "providers": [(one, by_provider.get(one.pk, [])) for one in Provider.objects.all()],
        "statuses": ModelStatus.choices,
        "chosen": chosen,
        "can_manage": can_manage_catalogue(request.user),
    }
    return render(request, "policies/catalogue/list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def catalogue_model(request: HttpRequest, pk: int) -> HttpResponse:
    """A model: what is said of it, and its prices."""
    model = _model_or_404(pk)
    form = ModelForm(request.POST or None, instance=model)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                change = catalogue.change_model(
                    _model_or_404(pk),
                    form.facts(),
                    acting_user=person(request),
                    why=WhyForm(request.POST).said(),
                )
            except (Refused, DocumentError) as error:
                take_problems(form, error)
                status = _status(error)
            else:
                return _asked(request, pk, change, f"{model.key} is saved.")
    return _show_model(request, _model_or_404(pk), status, form=form)


def _asked(request: HttpRequest, pk: int, change: RuleChange | None, sentence: str) -> HttpResponse:
    """What waits for a second steward, or that it is in force."""
    if change is not None and change.is_waiting:
        messages.success(request, WAITS)
        return redirect(change)
    messages.success(request, sentence)
    return redirect("catalogue-model", pk)


def _model_or_404(pk: int) -> CatalogueModel:
    models = CatalogueModel.objects.select_related("provider").prefetch_related(
        "prices__created_by"
    )
    return get_object_or_404(models, pk=pk)


def _show_model(
    request: HttpRequest, model: CatalogueModel, status: int, **more: Any
) -> HttpResponse:
    today = timezone.now().date()
    context = {
        "model": model,
        "form": ModelForm(instance=model),
        "price_form": PriceForm(),
        **_why_forms(request, model),
        "waiting": RuleChange.objects.waiting().filter(
            kind=RuleChangeKind.CATALOGUE_FACTS, proposed__model=model.key
        ),
        "price_now": model.price_on(today),
        "today": today,
        "history": AuditEvent.objects.filter(object_type="cataloguemodel", object_id=str(model.pk))[
            :20
        ],
        "can_manage": can_manage_catalogue(request.user),
    } | more
    return render(request, "policies/catalogue/model.html", context, status=status)


def _why_forms(request: HttpRequest, model: CatalogueModel) -> dict[str, WhyForm]:
    """One for each form of the page, under identifiers of its own, where a reason is asked for."""
    if not catalogue.is_used(model.key):
        return {}
    said = request.POST or None
    return {
        "why_form": WhyForm(said, auto_id="id_facts_%s"),
        "price_why_form": WhyForm(said, auto_id="id_price_%s"),
    }


@login_required
@require_POST
def catalogue_price_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a new price begin."""
    model = _model_or_404(pk)
    form = PriceForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            change = catalogue.add_price(
                model,
                form.price(),
                acting_user=person(request),
                why=WhyForm(request.POST).said(),
            )
        except (Refused, DocumentError) as error:
            take_problems(form, error)
            status = _status(error)
        else:
            sentence = f"The new price holds from {form.price().effective_from} on."
            return _asked(request, pk, change, sentence)
    return _show_model(request, model, status, price_form=form)


@login_required
@require_http_methods(["GET", "POST"])
def catalogue_model_add(request: HttpRequest) -> HttpResponse:
    """Add a model with its first price."""
    form = NewModelForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                model = entries.add_model(
                    given["provider"],
                    given["key"],
                    form.facts(),
                    form.price(),
                    acting_user=person(request),
                )
            except (Refused, DocumentError) as error:
                take_problems(form, error)
                status = _status(error)
            else:
                messages.success(request, f"{model.key} is in the catalogue.")
                return redirect("catalogue-model", model.pk)
    context = {"form": form, "can_manage": can_manage_catalogue(request.user)}
    return render(request, "policies/catalogue/add_model.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def catalogue_provider_add(request: HttpRequest) -> HttpResponse:
    form = ProviderForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                entries.add_provider(given["slug"], given["label"], acting_user=person(request))
            except (Refused, DocumentError) as error:
                take_problems(form, error)
                status = _status(error)
            else:
                messages.success(request, f"{given['label']} is in the catalogue.")
                return redirect("catalogue")
    context = {"form": form, "can_manage": can_manage_catalogue(request.user)}
    return render(request, "policies/catalogue/add_provider.html", context, status=status)


@login_required
@require_POST
def catalogue_validate(request: HttpRequest, name: str) -> HttpResponse:
    """The problems of one field while it is typed: the field's own partial, nothing is saved."""
    form_class = FORMS.get(name)
    if form_class is None:
        raise Http404
    form = form_class(request.POST)
    field = request.headers.get("HX-Trigger-Name", "")
    if field not in form.fields:
        raise Http404
    return render(request, "policies/catalogue/field_errors.html", {"field": form[field]})


def _status(error: Refused | DocumentError) -> int:
    if isinstance(error, DocumentError):
        return 422
    return error.status
