"""Addresses: what routers report."""

from django.urls import path

from evaluations.api.outcomes import FeedbackView, OutcomesView
from evaluations.api.reported import RemoveReports
from evaluations.views.reported import reports_remove

urlpatterns = [
    path(
        "w/<slug:slug>/settings/tokens/<int:pk>/remove-reports/",
        reports_remove,
        name="router-token-remove-reports",
    ),
    path(
        "api/v1/workflows/<slug:slug>/environments/<slug:environment>/router-tokens/<int:pk>"
        "/remove-reports/",
        RemoveReports.as_view(),
        name="api-remove-reports",
    ),
    path("api/v1/outcomes", OutcomesView.as_view(), name="api-outcomes"),
    path("api/v1/feedback", FeedbackView.as_view(), name="api-feedback"),
]
