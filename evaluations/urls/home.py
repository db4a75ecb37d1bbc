"""Addresses: home and a workflow at a glance."""

from django.urls import path

from evaluations.views import home

urlpatterns = [
    path("", home.home, name="home"),
    path("w/<slug:slug>/", home.workflow_overview, name="workflow"),
]
