"""Addresses: shadow evaluations."""

from django.urls import path

from evaluations.api.runs import CancelEvaluation, Evaluations, OneEvaluation
from evaluations.views import runs

urlpatterns = [
    path("w/<slug:slug>/evaluations/", runs.run_list, name="evaluations"),
    path("w/<slug:slug>/evaluations/new/", runs.run_create, name="evaluation-create"),
    path("w/<slug:slug>/evaluations/<int:pk>/", runs.run_detail, name="evaluation"),
    path(
        "w/<slug:slug>/evaluations/<int:pk>/progress/",
        runs.run_progress,
        name="evaluation-progress",
    ),
    path("w/<slug:slug>/evaluations/<int:pk>/cancel/", runs.run_cancel, name="evaluation-cancel"),
    path(
        "w/<slug:slug>/evaluations/<int:pk>/report.json", runs.run_result, name="evaluation-report"
    ),
    path(
        "api/v1/workflows/<slug:slug>/evaluations/", Evaluations.as_view(), name="api-evaluations"
    ),
    path(
        "api/v1/workflows/<slug:slug>/evaluations/<int:pk>/",
        OneEvaluation.as_view(),
        name="api-evaluation",
    ),
    path(
        "api/v1/workflows/<slug:slug>/evaluations/<int:pk>/cancel/",
        CancelEvaluation.as_view(),
        name="api-evaluation-cancel",
    ),
]
