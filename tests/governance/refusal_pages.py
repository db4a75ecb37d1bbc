"""What a refusal says, and the page around it left out where thousands are refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from policies.governance.refusals import Reason, Refused
from policies.views.review import changes

# Of each page that a refused form shows again, the part that tells the refusal.
TELLING = {
    "policies/review/detail.html": "policies/review/_refusal.html",
    "policies/review/describe.html": "components/error_summary.html",
}


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
def bare_pages() -> Iterator[None]:
    """Of the pages that a refused form shows again, only the refusal is put together.

    That they hold for everybody in every state is shown once, in `test_refusal_pages.py`.
    """
    with mock.patch.multiple(
        changes, review_or_404=_nothing, review_context=_nothing, render=_render
    ):
        yield


def _nothing(*args: Any) -> dict[str, Any]:
    return {}


def _render(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    return HttpResponse(render_to_string(TELLING[template], context), status=status)
