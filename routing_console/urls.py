"""Addresses of the whole console; each app brings its own."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from routing_console.health import healthz, readyz

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
for app in ("policies", "evaluations"):
    if find_spec(f"{app}.urls"):
        urlpatterns.append(path("", include(f"{app}.urls")))
