"""Addresses below /api/v1/: components, drafts and trials."""

from django.urls import path

from policies.api.urls.prefixes import WORKFLOW
from policies.api.views import components, draft_history, drafts, schemas, trials

urlpatterns = [
    path("schemas/<slug:kind>.json", schemas.ComponentSchema.as_view(), name="component-schema"),
    path(
        f"{WORKFLOW}components/<slug:kind>/versions/",
        components.Versions.as_view(),
        name="versions",
    ),
    path(
        f"{WORKFLOW}components/<slug:kind>/versions/<int:number>/",
        components.OneVersion.as_view(),
        name="version",
    ),
    path(
        f"{WORKFLOW}components/<slug:kind>/diff/",
        components.Difference.as_view(),
        name="difference",
    ),
    path(f"{WORKFLOW}contracts/", components.Contracts.as_view(), name="contracts"),
    path(f"{WORKFLOW}contracts/<slug:kind>/", components.OneContract.as_view(), name="contract"),
    path(
        f"{WORKFLOW}contracts/<slug:kind>/versions/",
        components.ContractVersions.as_view(),
        name="contract-versions",
    ),
    path(f"{WORKFLOW}validate/", drafts.Validate.as_view(), name="validate"),
    path(f"{WORKFLOW}decide/", trials.Decide.as_view(), name="decide"),
    path(f"{WORKFLOW}drafts/", drafts.Drafts.as_view(), name="drafts"),
    path(f"{WORKFLOW}drafts/<int:pk>/", drafts.OneDraft.as_view(), name="draft"),
    path(
        f"{WORKFLOW}drafts/<int:pk>/documents/<slug:kind>/",
        drafts.OneDocument.as_view(),
        name="draft-document",
    ),
    path(
        f"{WORKFLOW}drafts/<int:pk>/documents/<slug:kind>/revisions/",
        draft_history.Revisions.as_view(),
        name="draft-revisions",
    ),
    path(
        f"{WORKFLOW}drafts/<int:pk>/documents/<slug:kind>/revisions/<int:revision>/",
        draft_history.OneRevision.as_view(),
        name="draft-revision",
    ),
    path(
        f"{WORKFLOW}drafts/<int:pk>/documents/<slug:kind>/revisions/<int:revision>/restore/",
        draft_history.RestoreRevision.as_view(),
        name="restore-draft-revision",
    ),
]
