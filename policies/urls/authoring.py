"""Addresses: components, drafts and trials."""

from django.urls import path

from policies.views.as_code import files, routers
from policies.views.authoring import (
    components,
    findings,
    history,
    presence,
    starts,
    studio,
    try_it,
    yaml_tab,
)

urlpatterns = [
    path("w/<slug:slug>/drafts/new/", starts.draft_create, name="draft-create"),
    path("w/<slug:slug>/drafts/<int:pk>/", studio.draft_detail, name="draft"),
    path(
        "w/<slug:slug>/drafts/<int:pk>/findings/",
        findings.draft_findings,
        name="draft-findings",
    ),
    path("w/<slug:slug>/drafts/<int:pk>/files.zip", files.draft_files, name="draft-files"),
    path("w/<slug:slug>/drafts/<int:pk>/imported/", routers.draft_imported, name="draft-imported"),
    path("w/<slug:slug>/drafts/<int:pk>/rename/", studio.draft_rename, name="draft-rename"),
    path("w/<slug:slug>/drafts/<int:pk>/discard/", studio.draft_discard, name="draft-discard"),
    path(
        "w/<slug:slug>/drafts/<int:pk>/<slug:kind>/",
        studio.draft_document,
        name="draft-document",
    ),
    path(
        "w/<slug:slug>/drafts/<int:pk>/<slug:kind>/presence/",
        presence.draft_presence,
        name="draft-presence",
    ),
    path(
        "w/<slug:slug>/drafts/<int:pk>/<slug:kind>/history/",
        history.draft_history,
        name="draft-history",
    ),
    path(
        "w/<slug:slug>/drafts/<int:pk>/<slug:kind>/history/<int:revision>/restore/",
        history.draft_restore,
        name="draft-restore",
    ),
    path("w/<slug:slug>/drafts/<int:pk>/<slug:kind>/yaml/", yaml_tab.draft_yaml, name="draft-yaml"),
    path("w/<slug:slug>/policy/", components.workflow_policy, name="workflow-policy"),
    path("w/<slug:slug>/policy/<slug:kind>/", components.component, name="component"),
    path(
        "w/<slug:slug>/policy/<slug:kind>/diff/", components.component_diff, name="component-diff"
    ),
    path(
        "w/<slug:slug>/policy/<slug:kind>/<int:number>/",
        components.component_version,
        name="component-version",
    ),
    path("w/<slug:slug>/try/", try_it.try_it, name="try-it"),
]
