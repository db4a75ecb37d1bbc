"""Change requests in the browser: the list, the review page, and every action on it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policies.engine import DocumentError
from policies.forms.review.change import ChangeForm, CommentForm, JudgementForm
from policies.governance.refusals import Refused
from policies.governance.transitions import OPEN_STATES, State
from policies.models import ChangeRequest, Draft
from policies.services.releases import publication
from policies.services.review import changes, merging, reviews
from policies.views.review import protection_acts
from policies.views.review.page import review_context
from policies.views.review.protection_acts import Act
from policies.views.visible import (
    change_or_404,
    change_to_act_on_or_404,
    person,
    review_or_404,
    workflow_or_404,
)
from policies.wording.whole_numbers import whole_number

CHOICE = "choice:"
# Forms whose errors stand beside their fields; the others' are told at the top.
DECISIONS = ("approve", "request-changes", "reject")
SHOWN_IN_PLACE = (*DECISIONS, "take-back", "comment", "schedule")
FILTERS = {
    "open": ("Open", OPEN_STATES),
    "in_review": ("In review", (State.IN_REVIEW,)),
    "approved": ("Approved", (State.APPROVED,)),
    "published": ("Published", (State.PUBLISHED, State.SUPERSEDED)),
    "closed": ("Closed", (State.REJECTED, State.WITHDRAWN)),
    "all": ("All", tuple(State)),
}


@login_required
@require_GET
def change_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every change request of a workflow, filtered by state in the address."""
    workflow = workflow_or_404(request, slug)
    chosen = request.GET.get("state", "open")
    if chosen not in FILTERS:
        chosen = "open"
    rows = (
        ChangeRequest.objects.with_related()
        .filter(workflow=workflow, state__in=FILTERS[chosen][1])
        .prefetch_related("reviews__reviewer")
    )
    context = {
        "workflow": workflow,
        "changes": rows,
        "filters": [(key, label) for key, (label, _) in FILTERS.items()],
        "chosen": chosen,
    }
    return render(request, "policies/review/list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def change_create(request: HttpRequest, slug: str) -> HttpResponse:
    """Propose a draft: choose the environment and say why."""
    workflow = workflow_or_404(request, slug)
    draft_pk = request.POST.get("draft") or request.GET.get("draft") or ""
    drafts = Draft.objects.open().filter(workflow=workflow)
    draft = get_object_or_404(drafts, pk=whole_number(draft_pk))
    form = ChangeForm(request.POST or None, workflow=workflow, initial={"title": draft.title})
    problems: list[Any] = []
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            asked = form.cleaned_data
            try:
                change = changes.propose(
                    draft,
                    asked["environment"],
                    asked["title"],
                    asked["why"],
                    repairs=asked["repairs"],
                    acting_user=person(request),
                )
            except DocumentError as error:
                problems = list(error.problems)
            except Refused as refusal:
                form.add_error(None, str(refusal))
                status = refusal.status
            else:
                messages.success(request, f"Change request #{change.number} opened.")
                return redirect(change)
    context = {
        "workflow": workflow,
        "draft": draft,
        "form": form,
        "problems": problems,
    }
    return render(request, "policies/review/create.html", context, status=status)


@login_required
@require_GET
def change_detail(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """The review page."""
    change = review_or_404(request, slug, number)
    return render(request, "policies/review/detail.html", review_context(change, person(request)))


@login_required
@require_http_methods(["GET", "POST"])
def change_describe(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Edit the words and the environment of a change request, and what it repairs."""
    change = change_or_404(request, slug, number)
    form = ChangeForm(request.POST or None, workflow=change.workflow, change=change)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                changes.describe(change, acting_user=person(request), **form.cleaned_data)
            except Refused as refusal:
                form.add_error(None, str(refusal))
                status = refusal.status
            else:
                return redirect(change)
    context = {
        "workflow": change.workflow,
        "change": change,
        "form": form,
    }
    return render(request, "policies/review/describe.html", context, status=status)


def _approve(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    reviews.approve(change, data["reason"], acting_user=person(request), seen=data["seen"])
    return "Your approval is recorded. It is bound to exactly what you saw."


def _request_changes(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    reviews.request_changes(change, data["reason"], acting_user=person(request), seen=data["seen"])
    return "You asked for changes."


def _reject(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    reviews.reject(change, data["reason"], acting_user=person(request), seen=data["seen"])
    return "The change request is rejected."


def _comment(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    changes.comment(
        change,
        data["body"],
        anchor=data["anchor"],
        reply_to=data["reply_to"],
        acting_user=person(request),
    )
    return "Answered." if data["reply_to"] else "Comment added."


def _submit(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    changes.submit(change, acting_user=person(request))
    return "Submitted for review."


def _withdraw(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    changes.withdraw(change, acting_user=person(request))
    return "Withdrawn."


def _rebase(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    undoes = request.POST.get("undoes", "")
    merging.rebase_as_it_is(change, undoes=undoes, acting_user=person(request))
    return "Now compared with the active release."


def _merge(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    choices = {
        name.removeprefix(CHOICE): str(side)
        for name, side in request.POST.items()
        if name.startswith(CHOICE)
    }
    against = request.POST.get("against", "")
    merged = merging.rebase_with_merge(change, choices, against, acting_user=person(request))
    number = merged.base_release.number if merged.base_release else ""
    return f"The changes of release {number} are merged in, and it is compared with that release."


def _update_content(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    before = change.bundle_id
    updated = changes.update_content(change, acting_user=person(request))
    if updated.bundle_id == before:
        return "Nothing changed in meaning, so approvals stay."
    return "The content is updated. Approvals of the earlier content no longer count."


def _acknowledge(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    changes.acknowledge(change, request.POST.getlist("warning"), acting_user=person(request))
    return "Acknowledged by name."


def _publish(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    release = publication.publish(change, acting_user=person(request))
    return f"Release {release.number} is active in {release.environment.name}."


ACTIONS: dict[str, tuple[type[forms.Form], Act]] = {
    "submit": (forms.Form, _submit),
    "withdraw": (forms.Form, _withdraw),
    "rebase": (forms.Form, _rebase),
    "merge": (forms.Form, _merge),
    "update-content": (forms.Form, _update_content),
    "acknowledge": (forms.Form, _acknowledge),
    "comment": (CommentForm, _comment),
    "approve": (JudgementForm, _approve),
    "request-changes": (JudgementForm, _request_changes),
    "reject": (JudgementForm, _reject),
    "publish": (forms.Form, _publish),
    **protection_acts.ACTIONS,
}


@login_required
@require_POST
def change_act(request: HttpRequest, slug: str, number: int, action: str) -> HttpResponse:
    """Do one thing to a change request. A refusal shows the page again, with all typed kept."""
    change = change_to_act_on_or_404(request, slug, number)
    form_class, act = ACTIONS[action]
    form = form_class(request.POST)
    refusal: Refused | None = None
    problems: list[Any] = []
    status = 422
    if form.is_valid():
        try:
            messages.success(request, act(change, request, form.cleaned_data))
        except Refused as refused:
            refusal, status = refused, refused.status
        except DocumentError as error:
            problems = list(error.problems)
        else:
            return redirect(change)
    change = review_or_404(request, slug, number)
    context = review_context(change, person(request))
    context.update(refusal=refusal, problems=problems, attempted=action, attempted_form=form)
    context.update(decisions=DECISIONS, shown_in_place=SHOWN_IN_PLACE)
    return render(request, "policies/review/detail.html", context, status=status)
