"""Acts around the ordinary way: a set time, break-glass and its debt, threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from policies.forms.review.change import (
    GlassForm,
    JudgementForm,
    ReasonForm,
    ScheduleForm,
    ThreadForm,
)
from policies.models import ChangeRequest, Comment
from policies.services.releases import breaking_glass, scheduling
from policies.services.review import protection, reviews, threads
from policies.views.visible import person

Act = Callable[[ChangeRequest, HttpRequest, dict[str, Any]], str]


def _schedule(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    before = change.publish_at
    moment = data["publish_at"]
    updated = scheduling.schedule(change, moment, acting_user=person(request))
    if updated.publish_at == before:
        return "The time is the same, so approvals stay."
    if updated.publish_at is None:
        return "The schedule is cleared. Approvals of it no longer count."
    return f"It will publish itself on {protection.moment_in_words(updated.publish_at)}."


def _take_back(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    reviews.take_back(change, data["reason"], acting_user=person(request))
    return "Your review no longer counts."


def _break_glass(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    release = breaking_glass.break_glass(
        change,
        data["reason"],
        acting_user=person(request),
        through_freeze=data["through_freeze"],
    )
    return f"Release {release.number} is active in {release.environment.name}, unreviewed."


def _approve_afterwards(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    breaking_glass.approve_afterwards(
        change, data["reason"], acting_user=person(request), seen=data["seen"]
    )
    return "Your approval is recorded."


def _close_debt(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    breaking_glass.close_debt(change, data["reason"], acting_user=person(request))
    return "The review debt is closed."


def _resolve(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    threads.resolve(_remark(change, data), acting_user=person(request))
    return "Resolved."


def _reopen(change: ChangeRequest, request: HttpRequest, data: dict[str, Any]) -> str:
    threads.reopen(_remark(change, data), acting_user=person(request))
    return "Opened again."


def _remark(change: ChangeRequest, data: dict[str, Any]) -> Comment:
    rows = Comment.objects.select_related("change__workflow__team", "parent")
    return get_object_or_404(rows, change=change, pk=data["thread"])


ACTIONS: dict[str, tuple[type[forms.Form], Act]] = {
    "schedule": (ScheduleForm, _schedule),
    "take-back": (ReasonForm, _take_back),
    "break-glass": (GlassForm, _break_glass),
    "approve-afterwards": (JudgementForm, _approve_afterwards),
    "close-debt": (ReasonForm, _close_debt),
    "resolve-thread": (ThreadForm, _resolve),
    "reopen-thread": (ThreadForm, _reopen),
}
