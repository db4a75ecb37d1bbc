"""Addresses: evidence plans, and what change requests have shown on them."""

from django.urls import path

from evaluations.api.evidence import AnswerFail, ChangeEvidence, EnvironmentEvidencePlan
from evaluations.views import evidence, evidence_plans

CHANGE = "w/<slug:slug>/changes/<int:number>/evidence/"
REST = "api/v1/workflows/<slug:slug>/"

urlpatterns = [
    path(CHANGE, evidence.change_evidence, name="change-evidence"),
    path(f"{CHANGE}evaluate/", evidence.change_evaluate, name="change-evaluate"),
    path(f"{CHANGE}<int:pk>/answer/", evidence.fail_answer, name="fail-answer"),
    path(
        "w/<slug:slug>/settings/environments/<slug:name>/evidence-plan/",
        evidence_plans.evidence_plan,
        name="evidence-plan",
    ),
    path(
        f"{REST}changes/<int:number>/evidence/",
        ChangeEvidence.as_view(),
        name="api-change-evidence",
    ),
    path(f"{REST}evaluations/<int:pk>/answer/", AnswerFail.as_view(), name="api-fail-answer"),
    path(
        f"{REST}environments/<slug:environment>/evidence-plan/",
        EnvironmentEvidencePlan.as_view(),
        name="api-evidence-plan",
    ),
]
