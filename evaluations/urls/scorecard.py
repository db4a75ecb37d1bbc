"""Addresses: the scorecard."""

from django.urls import path

from evaluations.api.scorecard import ScorecardView
from evaluations.views import scorecard

urlpatterns = [
    path("w/<slug:slug>/scorecard/", scorecard.scorecard_page, name="scorecard"),
    path("w/<slug:slug>/scorecard/scorecard.csv", scorecard.scorecard_csv, name="scorecard-csv"),
    path(
        "w/<slug:slug>/scorecard/<slug:metric>/",
        scorecard.scorecard_table,
        name="scorecard-table",
    ),
    path("api/v1/workflows/<slug:slug>/scorecard", ScorecardView.as_view(), name="api-scorecard"),
]
