"""Addresses below /api/v1/."""

from policies.api.urls import (
    as_code,
    authoring,
    catalogue,
    news,
    people,
    releases,
    review,
    routers,
    rules,
    teams,
)

app_name = "api"
urlpatterns = [
    *as_code.urlpatterns,
    *authoring.urlpatterns,
    *catalogue.urlpatterns,
    *news.urlpatterns,
    *people.urlpatterns,
    *releases.urlpatterns,
    *review.urlpatterns,
    *routers.urlpatterns,
    *rules.urlpatterns,
    *teams.urlpatterns,
]
