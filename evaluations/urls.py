"""Addresses of what happened and what would. Each is permanent and readable."""

from django.urls import path

from evaluations.api.datasets import Datasets, OneDataset
from evaluations.api.impact import ChangeImpact, DraftImpact
from evaluations.api.outcomes import FeedbackView, OutcomesView
from evaluations.api.plan import PlanView
from evaluations.api.runs import CancelEvaluation, Evaluations, OneEvaluation
from evaluations.api.scorecard import ScorecardView
from evaluations.views import (
    datasets,
    finding_traffic,
    home,
    impact,
    recorded_requests,
    runs,
    scorecard,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("w/<slug:slug>/", home.workflow_overview, name="workflow"),
    path("w/<slug:slug>/datasets/", datasets.dataset_list, name="datasets"),
    path("w/<slug:slug>/datasets/import/", datasets.dataset_import, name="dataset-import"),
    path("w/<slug:slug>/datasets/<int:pk>/", datasets.dataset_detail, name="dataset"),
    path("w/<slug:slug>/datasets/standing/", impact.standing_choose, name="standing-dataset"),
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
        "w/<slug:slug>/recorded-requests/",
        recorded_requests.recorded_requests,
        name="recorded-requests",
    ),
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
    path("w/<slug:slug>/scorecard/", scorecard.scorecard_page, name="scorecard"),
    path("w/<slug:slug>/scorecard/scorecard.csv", scorecard.scorecard_csv, name="scorecard-csv"),
    path(
        "w/<slug:slug>/scorecard/<slug:metric>/",
        scorecard.scorecard_table,
        name="scorecard-table",
    ),
    path("api/v1/outcomes", OutcomesView.as_view(), name="api-outcomes"),
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
    path("api/v1/feedback", FeedbackView.as_view(), name="api-feedback"),
    path("api/v1/workflows/<slug:slug>/scorecard", ScorecardView.as_view(), name="api-scorecard"),
    path("api/v1/workflows/<slug:slug>/plan/", PlanView.as_view(), name="api-plan"),
    path("api/v1/workflows/<slug:slug>/datasets/", Datasets.as_view(), name="api-datasets"),
    path(
        "api/v1/workflows/<slug:slug>/datasets/<int:pk>/", OneDataset.as_view(), name="api-dataset"
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
