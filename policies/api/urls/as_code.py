"""Addresses below /api/v1/: documents as files."""

from django.urls import path

from policies.api.urls.prefixes import RELEASE, WORKFLOW
from policies.api.views import as_code, interop

urlpatterns = [
    path(f"{WORKFLOW}files/", as_code.Files.as_view(), name="files"),
    path(f"{WORKFLOW}files/archive/", as_code.FilesArchive.as_view(), name="files-archive"),
    path(f"{WORKFLOW}imports/", interop.Imports.as_view(), name="imports"),
    path(f"{RELEASE}export/", interop.ReleaseExport.as_view(), name="release-export"),
    path(f"{WORKFLOW}drafts/<int:pk>/export/", interop.DraftExport.as_view(), name="draft-export"),
    path(f"{WORKFLOW}propose/", as_code.Propose.as_view(), name="propose"),
]
