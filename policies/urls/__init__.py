"""Addresses of what routers should do. Each is permanent and readable."""

from policies.urls import (
    authoring,
    catalogue,
    console,
    news,
    people,
    releases,
    review,
    routers,
    rules,
    teams,
)

urlpatterns = [
    *console.urlpatterns,
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
