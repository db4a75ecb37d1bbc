"""Addresses of what happened and what would. Each is permanent and readable."""

from django.urls import path

from evaluations.views import datasets, runs

urlpatterns = [
    path("w/<slug:slug>/datasets/", datasets.dataset_list, name="datasets"),
    path("w/<slug:slug>/datasets/import/", datasets.dataset_import, name="dataset-import"),
    path("w/<slug:slug>/datasets/<int:pk>/", datasets.dataset_detail, name="dataset"),
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
]
