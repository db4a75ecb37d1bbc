"""Addresses of what happened and what would. Each is permanent and readable."""

from evaluations.urls import datasets, evidence, home, impact, outcomes, runs, scorecard

urlpatterns = [
    *datasets.urlpatterns,
    *evidence.urlpatterns,
    *home.urlpatterns,
    *impact.urlpatterns,
    *outcomes.urlpatterns,
    *runs.urlpatterns,
    *scorecard.urlpatterns,
]
