"""Recorded requests to fill a trial with: found by id, by class, or at random."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import duckdb
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from evaluations.datasets.picking import pick_requests
from evaluations.models import Dataset, Outcome
from evaluations.services.datasets.sealed import datasets_of, furthest_plan, open_part
from policies.engine import Bundle, EngineError, Request, decide
from policies.engine.conditions import Value
from policies.engine.request import resolve
from policies.forms.authoring.request_address import LONGEST_PROMPT, request_query
from policies.models import Workflow
from policies.views.authoring.trial_subject import Subject, named_subject
from policies.views.visible import workflow_or_404
from policies.wording.whole_numbers import whole_number

SHOWN = 8
# A class may be rare: so many requests are decided to find some of it.
LOOKED_AT = 2000
MOST_SEED = 10**6
BRIEF = 4


@dataclass(frozen=True)
class Row:
    """One recorded request: what it says in brief, what it gets, and where it is tried."""

    request_id: str
    said: list[tuple[str, str]]
    class_key: str
    model: str
    prompt: str
    url: str


@login_required
@require_GET
def recorded_requests(request: HttpRequest, slug: str) -> HttpResponse:
    """A part of "Try it"; by itself a page. ``?q=`` is in the id, ``?class=`` the class given."""
    workflow = workflow_or_404(request, slug)
    subject = named_subject(workflow, request.GET.dict())
    wanted, key = request.GET.get("q", "").strip()[:200], request.GET.get("class", "")
    seed = _seed(request.GET.get("seed", ""))
    context: dict[str, Any] = {"workflow": workflow, "section": "policy", "subject": subject}
    context |= {"wanted": wanted, "class_key": key, "next_seed": (seed + 1) % MOST_SEED}
    if subject is not None and subject.bundle is not None:
        source, found = _recorded(workflow, wanted, seed)
        try:
            rows = list(islice(_rows(found, subject, subject.bundle, key), SHOWN))
        except (duckdb.Error, OSError, EngineError):
            rows, context["unreadable"] = [], True
        classes = subject.bundle.request_classification.class_keys
        context |= {"rows": rows, "source": source, "classes": classes}
    fragment = request.headers.get("HX-Request")
    name = "_recorded_requests.html" if fragment else "recorded_requests.html"
    return render(request, f"evaluations/datasets/{name}", context)


def _seed(written: str) -> int:
    return (whole_number(written) or 0) % MOST_SEED


def _recorded(workflow: Workflow, wanted: str, seed: int) -> tuple[str, Iterable[Request]]:
    """The open part of the evidence plan's dataset, else of the newest; without one the outcomes
    reported last.
    """
    plan = furthest_plan(workflow)
    required = datasets_of(plan) if plan else []
    dataset = required[0] if required else Dataset.objects.filter(workflow=workflow).first()
    if dataset is not None:
        found = pick_requests(
            dataset.path, wanted=wanted, seed=seed, most=LOOKED_AT, part=open_part(dataset)
        )
        return f"“{dataset.name}”", found
    outcomes = Outcome.objects.filter(environment__workflow=workflow).order_by("-time")
    if wanted:
        outcomes = outcomes.filter(request_id__icontains=wanted)
    rows = outcomes.values_list("request_id", "attributes", "input_tokens")[:LOOKED_AT]
    return "the outcomes reported last", (
        Request(attributes=said, request_id=request_id, input_tokens=tokens)
        for request_id, said, tokens in rows
        if isinstance(said, dict)
    )


def _rows(found: Iterable[Request], subject: Subject, bundle: Bundle, key: str) -> Iterator[Row]:
    for request in found:
        decision = decide(bundle, request)
        if key in ("", decision.class_key):
            yield Row(
                request_id=request.request_id,
                said=_brief(bundle, request),
                class_key=decision.class_key,
                model=decision.model or "refused",
                prompt=(request.prompt or "")[:160],
                url=_trial_url(subject, bundle, request),
            )


def _brief(bundle: Bundle, request: Request) -> list[tuple[str, str]]:
    values = resolve(bundle.request_classification, request)
    return [(name, _short(value)) for name, value in list(values.items())[:BRIEF]]


def _short(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return f"{value:g}" if isinstance(value, float) else value


def _trial_url(subject: Subject, bundle: Bundle, request: Request) -> str:
    """The request in an address. A prompt too long for one is left out, and the flags that
    follow from it stand there themselves, so that the decision is the same.
    """
    attributes: dict[str, Any] = dict(request.attributes)
    prompt = request.prompt or ""
    if len(prompt) > LONGEST_PROMPT:
        values, prompt = resolve(bundle.request_classification, request), ""
        declared = bundle.request_classification.attributes
        attributes |= {entry.name: values[entry.name] for entry in declared if entry.derived_from}
    raw = {
        "attributes": attributes,
        "prompt": prompt,
        "request_id": request.request_id,
        "input_tokens": request.input_tokens,
        "max_output_tokens": request.max_output_tokens,
    }
    address = reverse("try-it", args=[subject.workflow.slug])
    return f"{address}?{subject.query}&{request_query(raw)}"
