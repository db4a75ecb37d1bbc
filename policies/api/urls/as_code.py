"""Addresses below /api/v1/: documents as files."""

from django.urls import path

from policies.api.urls.prefixes import WORKFLOW
from policies.api.views import as_code

urlpatterns = [
    path(f"{WORKFLOW}files/", as_code.Files.as_view(), name="files"),
    path(f"{WORKFLOW}files/archive/", as_code.FilesArchive.as_view(), name="files-archive"),
    path(f"{WORKFLOW}propose/", as_code.Propose.as_view(), name="propose"),
]
