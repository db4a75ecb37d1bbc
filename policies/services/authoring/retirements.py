"""Retirement dates of the catalogue as findings on what uses the models."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from policies.governance.static_checks import Finding
from policies.models import CatalogueModel, Release, Workflow

WARNED_AHEAD = datetime.timedelta(days=90)


@dataclass(frozen=True)
class RetiringModel:
    """A model of a release in force that retires soon, or has."""

    model: CatalogueModel
    releases: tuple[Release, ...]
    is_past: bool


def retirement_findings(
    content: Mapping[str, Any], today: datetime.date | None = None
) -> list[Finding]:
    """A warning for each model of a composed bundle that retires within 90 days, an error for each
    that has. One query.

    Dates are not part of a bundle, so the same content is found wanting as time goes by; the
    sentence names the day and no number of days, so that it does not change every night.
    """
    today = today or timezone.now().date()
    named = content.get("catalogue", {}).get("models", {})
    return [_finding(model, today) for model in _retiring(named, today)]


def retiring_in_force(
    workflow: Workflow, today: datetime.date | None = None
) -> list[RetiringModel]:
    """Models that releases in force name and that retire soon or have. Two queries at most."""
    today = today or timezone.now().date()
    releases = list(
        Release.objects.active()
        .filter(workflow=workflow)
        .select_related("bundle", "environment", "workflow")
        .defer("body")
        .order_by("environment__position")
    )
    named = {name for release in releases for name in release.bundle.content["catalogue"]["models"]}
    return [
        RetiringModel(
            model,
            tuple(
                release
                for release in releases
                if model.key in release.bundle.content["catalogue"]["models"]
            ),
            _is_past(model, today),
        )
        for model in (_retiring(named, today) if named else [])
    ]


def retiring_keys(today: datetime.date | None = None) -> set[str]:
    """Models of the whole catalogue that retire soon or have. One query."""
    return set(_soon(today or timezone.now().date()).values_list("key", flat=True))


def _retiring(names: Iterable[str], today: datetime.date) -> list[CatalogueModel]:
    return list(_soon(today).filter(key__in=list(names)).order_by("retires_on", "key"))


def _soon(today: datetime.date) -> QuerySet[CatalogueModel]:
    return CatalogueModel.objects.filter(retires_on__lte=today + WARNED_AHEAD)


def _is_past(model: CatalogueModel, today: datetime.date) -> bool:
    return model.retires_on is not None and model.retires_on <= today


def _finding(model: CatalogueModel, today: datetime.date) -> Finding:
    is_past = _is_past(model, today)
    day = f"{model.retires_on:%-d %B %Y}"
    said = (
        f"was retired on {day}: its provider no longer answers" if is_past else f"retires on {day}"
    )
    return Finding(
        kind="retirement",
        name=f"{'retired' if is_past else 'retiring'}:{model.key}",
        severity="error" if is_past else "warning",
        pointer=f"/catalogue/models/{_token(model.key)}",
        sentence=f"{model.key} {said}. Route to another model, or mend the date in the catalogue.",
    )


def _token(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
