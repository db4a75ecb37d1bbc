"""Addresses: running routers."""

from django.urls import path

from policies.views.routers import fleet

urlpatterns = [path("w/<slug:slug>/fleet/", fleet.fleet_page, name="fleet")]
