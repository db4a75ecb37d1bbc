"""The steps of a change request, taken through the real services, and documents to take them with.

Tests reach a state by walking there; none sets a status field.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from policies.delivery.signing.signers import KEY_FILE_NAME
from policies.engine import digest
from policies.governance.evidence_plans import PlanTerms, RequiredDataset
from policies.governance.origin import Origin, acting_from
from policies.governance.roles import Role
from policies.models import (
    ChangeRequest,
    Check,
    Draft,
    Environment,
    EvidencePlan,
    Membership,
    Release,
    ReviewDebt,
    SigningKey,
    Workflow,
)
from policies.models.changes import CheckKind, Verdict
from policies.services.authoring import drafts, editing
from policies.services.releases import breaking_glass, publication
from policies.services.review import changes, checks, reviews, standings
from policies.services.teams import evidence_plans

URGENT = "Every call to Acme fails."
REASON = "Looked at every case; it does what it says."


def documents(*, share: int = 90, margin: float = 0.02) -> dict[str, Any]:
    """Four documents that fit together and name three models.

    `share` is the weight of the cheap model in the split: another share is another meaning.
    """
    return {
        "request_classification": _classification(),
        "router_policy": _policy(share),
        "fallback_matrix": _fallbacks(),
        "quality_thresholds": _thresholds(margin),
    }


def _classification() -> dict[str, Any]:
    return {
        "schema": 1,
        "attributes": [
            {"name": "task", "type": "category", "values": ["answer", "code"]},
            {"name": "prompt_tokens", "type": "number", "unit": "tokens"},
        ],
        "classes": [
            {"key": "simple", "label": "Simple", "risk": "low"},
            {"key": "complex", "label": "Complex", "risk": "medium"},
        ],
        "rules": [{"id": "c1", "when": {"task": {"in": ["code"]}}, "class": "complex"}],
        "default_class": "simple",
    }


def _policy(share: int) -> dict[str, Any]:
    split = {
        "select": "weighted",
        "salt": "p1",
        "candidates": [
            {"model": "swift-small", "weight": share},
            {"model": "orchid", "weight": 100 - share},
        ],
    }
    return {
        "schema": 1,
        "rules": [{"id": "p1", "when": {"class": {"in": ["simple"]}}, "route": split}],
        "default": {"select": "ordered", "candidates": [{"model": "swift-large"}]},
    }


def _fallbacks() -> dict[str, Any]:
    failures = ["rate_limit", "timeout", "server_error", "overloaded", "network", "quota_exhausted"]
    return {
        "schema": 1,
        "rows": [
            {"model": "swift-small", "on": failures, "then": ["orchid"]},
            {"model": "swift-large", "on": failures, "then": ["orchid"]},
            {"model": "orchid", "on": failures, "then": ["swift-large"]},
        ],
    }


def _thresholds(margin: float) -> dict[str, Any]:
    gate = {
        "id": "quality-no-worse",
        "layer": "quality",
        "class": "*",
        "metric": "mean_quality",
        "comparison": "non_inferiority",
        "op": "gte",
        "margin": margin,
        "confidence": 0.95,
        "min_samples": 200,
        "window": "7d",
        "effect": "gate",
        "owner": "support-quality",
    }
    return {"schema": 1, "thresholds": [gate]}


def draft_of(workflow: Workflow, author: User, content: dict[str, Any] | None = None) -> Draft:
    """A draft with these documents, by default the valid ones."""
    return drafts.create_draft(
        workflow, "Shift traffic", acting_user=author, documents=content or documents()
    )


def proposed(
    environment: Environment, author: User, content: dict[str, Any] | None = None
) -> ChangeRequest:
    """A change request in draft."""
    draft = draft_of(environment.workflow, author, content)
    return changes.propose(
        draft, environment, "Shift traffic", "It is cheaper and as good.", acting_user=author
    )


def plan_terms(*names: str, **more: Any) -> PlanTerms:
    """What a plan asks for that requires datasets of these names, which need not be there."""
    named = names or ("Requests of October",)
    datasets = tuple(RequiredDataset(digest(name), name) for name in named)
    return PlanTerms(datasets, **more)


def planned(environment: Environment, *names: str, **more: Any) -> EvidencePlan:
    """The plan in force, else one set by whoever manages the environment."""
    present = EvidencePlan.objects.in_force(environment)
    if present is not None and not names and not more:
        return present
    rows = Membership.objects.filter(team=environment.workflow.team, role=Role.ADMINISTRATOR)
    return evidence_plans.apply_plan(
        environment, plan_terms(*names, **more), acting_user=rows.earliest("pk").user
    )


def pass_evaluation(change: ChangeRequest, *, run: str = "run-1") -> Check:
    """Record that a shadow evaluation of exactly this content against this base passed, on the
    plan that binds the change; one is set where there is none.
    """
    if change.evidence_plan_id is None:
        planned(change.environment)
    change = now(change)
    return checks.record_check(
        change,
        CheckKind.SHADOW_EVALUATION,
        Verdict.PASS,
        "Mean quality −0.001 ± 0.004, within the margin of 0.02.",
        bundle_digest=change.bundle.digest,
        base_digest=change.base_digest,
        evidence_digest=digest({"run": run}),
        evidence_plan=change.evidence_plan,
    )


def in_review(
    environment: Environment, author: User, content: dict[str, Any] | None = None
) -> ChangeRequest:
    """A change request in review with all its checks passed."""
    change = proposed(environment, author, content)
    pass_evaluation(change)
    return changes.submit(change, acting_user=author)


def save_and_take_over(
    change: ChangeRequest, content: dict[str, Any], acting_user: User
) -> ChangeRequest:
    """Edit the draft of a change request and take its documents over."""
    assert change.draft is not None
    for kind, document in content.items():
        editing.save_document(change.draft, kind, document, acting_user=acting_user)
    return changes.update_content(change, acting_user=acting_user)


def approved(change: ChangeRequest, *approvers: User) -> ChangeRequest:
    """Each of these approves what is there now."""
    for approver in approvers:
        reviews.approve(change, REASON, acting_user=approver, seen=seen(change))
    return now(change)


def published(
    environment: Environment,
    author: User,
    approvers: list[User],
    operator: User,
    content: dict[str, Any] | None = None,
) -> Release:
    """A release that went the whole way."""
    change = approved(in_review(environment, author, content), *approvers)
    return publication.publish(change, acting_user=operator)


def glass_broken(
    change: ChangeRequest, operator: User, reason: str = URGENT, *, through_freeze: bool = False
) -> Release:
    """Published without its reviews, in a browser with a password just entered."""
    with acting_from(Origin("browser", password_entered=timezone.now)):
        return breaking_glass.break_glass(
            change, reason, acting_user=operator, through_freeze=through_freeze
        )


def now(change: ChangeRequest) -> ChangeRequest:
    """The change request as the database has it."""
    return ChangeRequest.objects.with_related().get(pk=change.pk)


def standing(change: ChangeRequest) -> standings.Standing:
    return standings.standing_of(now(change))


def seen(change: ChangeRequest) -> str:
    """The subject digest that a reviewer is shown now; of what is owed, once that went out."""
    debt = ReviewDebt.objects.filter(change=change).first()
    return debt.subject_digest if debt else standings.subject_digest(now(change))


def use_data_folder(settings: Settings, folder: Path) -> None:
    """Have the console keep its files there, with the key that has signed what is there already."""
    key = Path(settings.DATA_DIR) / KEY_FILE_NAME
    folder.mkdir(exist_ok=True)
    if SigningKey.objects.exists():
        shutil.copy(key, folder)
    settings.DATA_DIR = folder
