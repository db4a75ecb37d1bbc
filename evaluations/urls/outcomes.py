"""Addresses: what routers report."""

from django.urls import path

from evaluations.api.outcomes import FeedbackView, OutcomesView

urlpatterns = [
    path("api/v1/outcomes", OutcomesView.as_view(), name="api-outcomes"),
    path("api/v1/feedback", FeedbackView.as_view(), name="api-feedback"),
]
