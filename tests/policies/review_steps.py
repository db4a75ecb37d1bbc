"""Further steps of a review: other rules, a measured impact, another moment."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from policies.engine import digest
from policies.models import ChangeRequest, Environment
from policies.models.changes import CheckKind, Verdict
from policies.services.locking import hold_change
from policies.services.review import checks
from policies.services.review.settling import settle_impact
from policies.services.rules.environments import change_rules
from policies.services.teams.environments import EnvironmentRules
from tests.policies.steps import now

HOUR = datetime.timedelta(hours=1)
MINUTE = datetime.timedelta(minutes=1)


def ruled(environment: Environment, administrator: User, **rules: Any) -> Environment:
    """Change some protection rules."""
    new = replace(EnvironmentRules.of(environment), **rules)
    change_rules(environment, new, acting_user=administrator)
    return Environment.objects.select_related("workflow__team").get(pk=environment.pk)


def impact(change: ChangeRequest, **figures: Any) -> dict[str, Any]:
    """The JSON of a measured impact, as `evaluations` keeps it, with these figures."""
    return {
        "schema": 2,
        "base_digest": change.base_digest,
        "candidate_digest": change.bundle.digest,
        "source": {"kind": "dataset", "key": "sha256:0", "name": "“Support”", "requests": 4000},
        "looked_at": 4000,
        "total": {},
        "by_class": [],
        "moves": [],
        "regions_gained": {},
        "new_providers": [],
        "loosened": [],
        "unreached": [],
        "proved_alike": False,
        "projected_cost_change": 0.0,
        "rerouted_share": 0.0,
        "affected_share": 0.0,
        "fallback_lost_share": 0.0,
        "residency_changed_share": 0.0,
        **figures,
    }


def measure(change: ChangeRequest, **figures: Any) -> None:
    """Record a measured impact of what is there now, as the task does."""
    change = now(change)
    detail = impact(change, **figures)
    with transaction.atomic():
        hold_change(change)
        checks.record_check(
            change,
            CheckKind.IMPACT,
            Verdict.PASS,
            "2% of 4,000 requests would go to another model.",
            bundle_digest=change.bundle.digest,
            base_digest=change.base_digest,
            detail=detail,
            evidence_digest=digest(detail),
        )
        settle_impact(change)


@contextmanager
def later(delta: datetime.timedelta) -> Iterator[None]:
    """Let everything believe that so much time has passed."""
    moment = timezone.now() + delta
    with mock.patch.object(timezone, "now", return_value=moment):
        yield
