"""Addresses: what a change would do."""

from django.urls import path

from evaluations.api.impact import ChangeImpact, DraftImpact
from evaluations.api.plan import PlanView
from evaluations.views import finding_traffic, impact

urlpatterns = [
    path("w/<slug:slug>/changes/<int:number>/impact/", impact.change_impact, name="change-impact"),
    path(
        "w/<slug:slug>/changes/<int:number>/findings/traffic/",
        finding_traffic.change_finding_traffic,
        name="change-finding-traffic",
    ),
    path(
        "w/<slug:slug>/drafts/<int:pk>/findings/traffic/",
        finding_traffic.draft_finding_traffic,
        name="draft-finding-traffic",
    ),
    path("w/<slug:slug>/drafts/<int:pk>/impact/", impact.draft_impact, name="draft-impact"),
    path(
        "api/v1/workflows/<slug:slug>/changes/<int:number>/impact/",
        ChangeImpact.as_view(),
        name="api-change-impact",
    ),
    path(
        "api/v1/workflows/<slug:slug>/drafts/<int:pk>/impact/",
        DraftImpact.as_view(),
        name="api-draft-impact",
    ),
    path("api/v1/workflows/<slug:slug>/plan/", PlanView.as_view(), name="api-plan"),
]
