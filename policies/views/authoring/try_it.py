"""“Try it”: one request through a draft or a release, with every step of the decision."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from policies.engine import EngineError, Trace, explain
from policies.forms.authoring.request_address import says_a_request
from policies.forms.authoring.try_it import TrialForm
from policies.views.authoring.trial_subject import Subject, choices, named_subject
from policies.views.visible import workflow_or_404
from policies.wording.sentences import units_of
from policies.wording.traces import (
    attribute_words,
    chain_words,
    headline,
    provided_sentence,
    route_words,
    rule_list_words,
)

RULE_LISTS = (("request_classification", "class_rules"), ("router_policy", "policy_rules"))


@login_required
@require_GET
def try_it(request: HttpRequest, slug: str) -> HttpResponse:
    """The page of a trial; for htmx its panel, which stands beside the editor too."""
    workflow = workflow_or_404(request, slug)
    subject = named_subject(workflow, request.GET.dict())
    context: dict[str, Any] = {"workflow": workflow, "section": "policy", "subject": subject}
    if subject is not None:
        context |= trial_context(subject, request.GET.dict())
    if request.headers.get("HX-Request"):
        return render(request, "policies/authoring/try_it/_panel.html", context)
    context["choices"] = choices(workflow)
    return render(request, "policies/authoring/try_it/page.html", context)


def trial_context(subject: Subject, parameters: dict[str, str]) -> dict[str, Any]:
    """The form filled from an address, and, where the documents are right, the trace."""
    context: dict[str, Any] = {
        "form": None,
        # Kept while no form can be built, so that a slip in a document loses no request.
        "kept": [(name, text) for name, text in parameters.items() if says_a_request([name])],
        "is_asked": says_a_request(parameters),
    }
    if subject.classification is None:
        return context
    form = TrialForm(parameters, subject.classification)
    context["form"] = form
    if subject.bundle is None:
        return context
    form.judge(subject.bundle)
    try:
        return context | trace_context(subject, explain(subject.bundle, form.request))
    except EngineError as error:
        return context | {"engine_error": str(error)}


def trace_context(subject: Subject, trace: Trace) -> dict[str, Any]:
    units = units_of(subject.documents["request_classification"])
    lists = {
        name: rule_list_words(
            kind,
            getattr(trace, name),
            subject.documents[kind].get("rules", []),
            units,
            partial(_rule_url, subject, kind),
        )
        for kind, name in RULE_LISTS
    }
    return {
        "trace": trace,
        "headline": headline(trace),
        "provided": provided_sentence(trace.provided),
        "routes": [route_words(trace, route) for route in trace.routes],
        "chains": chain_words(trace.failures),
        "seen": [
            (*attribute_words(entry, units.get(entry.name, "")), entry.trouble)
            for entry in trace.attributes
        ],
        **lists,
    }


def _rule_url(subject: Subject, kind: str, index: int) -> str:
    return subject.document_url(kind, f"rules.{index}")
