"""Addresses below /api/v1/: running routers."""

from django.urls import path

from policies.api.urls.prefixes import ENVIRONMENT
from policies.api.views import fleet

urlpatterns = [
    path(f"{ENVIRONMENT}fleet/", fleet.FleetOfEnvironment.as_view(), name="fleet"),
    path(f"{ENVIRONMENT}fleet/routers/", fleet.RoutersOfEnvironment.as_view(), name="routers"),
]
