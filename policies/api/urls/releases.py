"""Addresses below /api/v1/: releases."""

from django.urls import path

from policies.api.urls.prefixes import RELEASE, WORKFLOW
from policies.api.views import releases

urlpatterns = [
    path(f"{WORKFLOW}releases/", releases.Releases.as_view(), name="releases"),
    path(RELEASE, releases.OneRelease.as_view(), name="release"),
    path(f"{RELEASE}signed/", releases.SignedRelease.as_view(), name="signed-release"),
    path(f"{RELEASE}roll-back/", releases.RollBackTo.as_view(), name="roll-back"),
    path(f"{RELEASE}promote/", releases.Promote.as_view(), name="promote"),
]
