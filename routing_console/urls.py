"""Django's addresses; each app brings its own. `front/` answers probes and routers before them."""

from django.urls import URLPattern, URLResolver, include, path

from policies.api.views.openapi import OpenAPIDocument

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("policies.api.urls")),
    path("api/v1/schema/", OpenAPIDocument.as_view(), name="api-schema"),
    # Before the others: a draft's evaluations stand where else a name of a component would.
    path("", include("evaluations.urls")),
    path("", include("policies.urls")),
]

handler400 = "policies.api.faults.bad_request"
handler404 = "policies.api.faults.not_found"
handler500 = "policies.api.faults.server_error"
