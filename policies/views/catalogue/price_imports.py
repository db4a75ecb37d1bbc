"""Prices from LiteLLM's map: upload, look, choose, take over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from policies.engine import DocumentError
from policies.forms.catalogue.entries import take_problems
from policies.forms.catalogue.price_import import PriceMapForm, TakeOverForm
from policies.governance.refusals import Refused
from policies.models import PriceImport
from policies.pricing import Row, RowKind
from policies.services.rights import can_manage_catalogue
from policies.services.rules import price_imports
from policies.views.visible import person

SHOWN_NEW = 100
SHOWN_UPLOADS = 10
SHOWN_NAMES = 12


@dataclass(frozen=True)
class Shown:
    """A row and whether its box is ticked."""

    row: Row
    is_chosen: bool


@login_required
@require_http_methods(["GET", "POST"])
def price_import_upload(request: HttpRequest) -> HttpResponse:
    """Upload a price map, or go back to an earlier one."""
    form = PriceMapForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            name = form.cleaned_data["file"].name
            try:
                kept = price_imports.keep_price_map(name, form.raw(), acting_user=person(request))
            except Refused as refused:
                take_problems(form, refused)
                status = refused.status
            except DocumentError as error:
                for problem in error.problems:
                    form.add_error("file", f"The file {problem.message}.".replace("?.", "?"))
            else:
                return redirect(kept)
    context = {
        "form": form,
        "can_manage": can_manage_catalogue(request.user),
        "uploads": PriceImport.objects.defer("entries", "skipped").select_related("created_by")[
            :SHOWN_UPLOADS
        ],
    }
    return render(request, "policies/catalogue/import.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def price_import(request: HttpRequest, pk: int) -> HttpResponse:
    """What a price map would change now; ``?q=`` looks for new models by name or provider."""
    kept = get_object_or_404(PriceImport.objects.select_related("created_by"), pk=pk)
    if request.method == "GET":
        return _show(request, kept, TakeOverForm())
    form = TakeOverForm(request.POST)
    chosen = request.POST.getlist("model")
    status = 422
    if form.is_valid():
        day = form.cleaned_data["effective_from"]
        try:
            applied = price_imports.apply_price_map(kept, chosen, day, acting_user=person(request))
        except Refused as refused:
            take_problems(form, refused)
            status = refused.status
        else:
            messages.success(request, applied.sentence)
            return redirect(kept)
    return _show(request, kept, form, status, chosen=frozenset(chosen))


def _show(
    request: HttpRequest,
    kept: PriceImport,
    form: TakeOverForm,
    status: int = 200,
    chosen: frozenset[str] | None = None,
) -> HttpResponse:
    rows = price_imports.rows_of(kept)
    ticked = frozenset(price_imports.chosen_at_first(rows)) if chosen is None else chosen
    words = request.GET.get("q", "").strip()
    new = [row for row in rows if row.kind == RowKind.NEW]
    found = [row for row in new if _matches(row, words) or row.key in (chosen or ())]
    context: dict[str, Any] = {
        "kept": kept,
        "form": form,
        "words": words,
        "can_manage": can_manage_catalogue(request.user),
        "changed": [Shown(row, row.key in ticked) for row in _of(rows, RowKind.CHANGED)],
        "unchanged": _of(rows, RowKind.UNCHANGED),
        "new": [Shown(row, row.key in ticked) for row in found[:SHOWN_NEW]],
        "new_found": len(found),
        "new_count": len(new),
        "skipped": [
            (why, len(keys), keys[:SHOWN_NAMES])
            for why, keys in sorted(kept.skipped.items(), key=lambda entry: -len(entry[1]))
        ],
    }
    return render(request, "policies/catalogue/import_preview.html", context, status=status)


def _of(rows: list[Row], kind: RowKind) -> list[Row]:
    return [row for row in rows if row.kind == kind]


def _matches(row: Row, words: str) -> bool:
    named = f"{row.entry.provider} {row.key}".lower()
    return all(word in named for word in words.lower().split())
