"""What a refusal says, and the review page around it left out where thousands are refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from policies.refusals import Reason, Refused
from policies.views import changes

REVIEW_PAGE = "policies/changes/detail.html"
REFUSAL = "policies/changes/_refusal.html"


@contextmanager
def refusals() -> Iterator[list[Refused]]:
    """Every refusal meanwhile, whatever page or message came of it."""
    raised: list[Refused] = []
    initialise: Any = Refused.__init__

    def noting(refusal: Refused, *reasons: Reason) -> None:
        initialise(refusal, *reasons)
        raised.append(refusal)

    with mock.patch.object(Refused, "__init__", noting):
        yield raised


@contextmanager
def bare_review_page() -> Iterator[None]:
    """Of the review page that a refused form shows again, only the refusal is put together.

    That it holds for everybody in every state is shown once, in `test_refusal_pages.py`.
    """
    with mock.patch.multiple(changes, review_context=_nothing, render=_render):
        yield


def _nothing(*args: Any) -> dict[str, Any]:
    return {}


def _render(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    if template != REVIEW_PAGE:
        return render(request, template, context, status=status)
    return HttpResponse(render_to_string(REFUSAL, context), status=status)
