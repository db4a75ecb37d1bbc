"""Addresses of what happened and what would. Each is permanent and readable."""

from evaluations.urls import datasets, home, impact, outcomes, runs, scorecard

urlpatterns = [
    *datasets.urlpatterns,
    *home.urlpatterns,
    *impact.urlpatterns,
    *outcomes.urlpatterns,
    *runs.urlpatterns,
    *scorecard.urlpatterns,
]
