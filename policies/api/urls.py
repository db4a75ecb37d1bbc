"""Addresses below /api/v1/."""

from django.urls import path

from policies.api.views import (
    as_code,
    audit,
    catalogue,
    changes,
    components,
    drafts,
    notifications,
    people,
    price_imports,
    releases,
    review,
    three_way,
    webhooks,
)
from policies.api.views import workflows as w

app_name = "api"
WORKFLOW = "workflows/<slug:slug>/"
ENVIRONMENT = f"{WORKFLOW}environments/<slug:environment>/"
CHANGE = f"{WORKFLOW}changes/<int:number>/"
RELEASE = f"{WORKFLOW}releases/<slug:environment>/<int:number>/"

urlpatterns = [
    path("me/", people.Me.as_view(), name="me"),
    path("me/tokens/", people.MyTokens.as_view(), name="my-tokens"),
    path("me/tokens/<int:pk>/", people.MyToken.as_view(), name="my-token"),
    path("me/notifications/", notifications.MyNotifications.as_view(), name="my-notifications"),
    path(
        "me/notifications/read-all/",
        notifications.MyNotificationsRead.as_view(),
        name="my-notifications-read",
    ),
    path(
        "me/notifications/<int:pk>/read/",
        notifications.MyNotificationRead.as_view(),
        name="my-notification-read",
    ),
    path("me/mail-choices/", notifications.MyMailChoices.as_view(), name="my-mail-choices"),
    path("teams/", people.Teams.as_view(), name="teams"),
    path("teams/<slug:slug>/", people.OneTeam.as_view(), name="team"),
    path("teams/<slug:slug>/members/", people.Members.as_view(), name="members"),
    path("teams/<slug:slug>/members/<int:pk>/", people.Member.as_view(), name="member"),
    path("workflows/", w.Workflows.as_view(), name="workflows"),
    path(WORKFLOW, w.OneWorkflow.as_view(), name="workflow"),
    path(f"{WORKFLOW}environments/", w.Environments.as_view(), name="environments"),
    path(ENVIRONMENT, w.OneEnvironment.as_view(), name="environment"),
    path(f"{ENVIRONMENT}router-tokens/", w.RouterTokens.as_view(), name="router-tokens"),
    path(f"{ENVIRONMENT}router-tokens/<int:pk>/", w.OneRouterToken.as_view(), name="router-token"),
    path(
        f"{ENVIRONMENT}router-tokens/<int:pk>/rotate/",
        w.RotateRouterToken.as_view(),
        name="rotate-router-token",
    ),
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
    path(f"{WORKFLOW}webhooks/", webhooks.Webhooks.as_view(), name="webhooks"),
    path(f"{WORKFLOW}webhooks/<int:pk>/", webhooks.OneWebhook.as_view(), name="webhook"),
    path(
        f"{WORKFLOW}webhooks/<int:pk>/rotate-secret/",
        webhooks.RotateWebhookSecret.as_view(),
        name="rotate-webhook-secret",
    ),
    path(f"{WORKFLOW}webhooks/<int:pk>/test/", webhooks.TestWebhook.as_view(), name="test-webhook"),
    path(
        f"{WORKFLOW}webhooks/<int:pk>/messages/",
        webhooks.WebhookMessages.as_view(),
        name="webhook-messages",
    ),
    path(
        f"{WORKFLOW}webhooks/<int:pk>/messages/<int:message_pk>/redeliver/",
        webhooks.RedeliverWebhookMessage.as_view(),
        name="redeliver-webhook-message",
    ),
    path(f"{WORKFLOW}validate/", drafts.Validate.as_view(), name="validate"),
    path(f"{WORKFLOW}files/", as_code.Files.as_view(), name="files"),
    path(f"{WORKFLOW}files/archive/", as_code.FilesArchive.as_view(), name="files-archive"),
    path(f"{WORKFLOW}propose/", as_code.Propose.as_view(), name="propose"),
    path(f"{WORKFLOW}drafts/", drafts.Drafts.as_view(), name="drafts"),
    path(f"{WORKFLOW}drafts/<int:pk>/", drafts.OneDraft.as_view(), name="draft"),
    path(
        f"{WORKFLOW}drafts/<int:pk>/documents/<slug:kind>/",
        drafts.OneDocument.as_view(),
        name="draft-document",
    ),
    path("changes/", changes.AllChanges.as_view(), name="all-changes"),
    path(f"{WORKFLOW}changes/", changes.Changes.as_view(), name="changes"),
    path(CHANGE, changes.OneChange.as_view(), name="change"),
    path(f"{CHANGE}update-content/", review.UpdateContent.as_view(), name="update-content"),
    path(f"{CHANGE}rebase/", review.Rebase.as_view(), name="rebase"),
    path(f"{CHANGE}three-way/", three_way.ThreeWay.as_view(), name="three-way"),
    path(f"{CHANGE}merge/", three_way.Merge.as_view(), name="merge"),
    path(f"{CHANGE}acknowledge/", review.Acknowledge.as_view(), name="acknowledge"),
    path(f"{CHANGE}submit/", review.Submit.as_view(), name="submit"),
    path(f"{CHANGE}approve/", review.Approve.as_view(), name="approve"),
    path(f"{CHANGE}request-changes/", review.RequestChanges.as_view(), name="request-changes"),
    path(f"{CHANGE}reject/", review.Reject.as_view(), name="reject"),
    path(f"{CHANGE}withdraw/", review.Withdraw.as_view(), name="withdraw"),
    path(f"{CHANGE}publish/", review.Publish.as_view(), name="publish"),
    path(f"{CHANGE}comments/", review.Comments.as_view(), name="comments"),
    path(f"{WORKFLOW}releases/", releases.Releases.as_view(), name="releases"),
    path(RELEASE, releases.OneRelease.as_view(), name="release"),
    path(f"{RELEASE}roll-back/", releases.RollBackTo.as_view(), name="roll-back"),
    path(f"{RELEASE}promote/", releases.Promote.as_view(), name="promote"),
    path("catalogue/providers/", catalogue.Providers.as_view(), name="providers"),
    path("catalogue/models/", catalogue.CatalogueModels.as_view(), name="models"),
    path("catalogue/models/<int:pk>/", catalogue.OneCatalogueModel.as_view(), name="model"),
    path("catalogue/models/<int:pk>/prices/", catalogue.Prices.as_view(), name="prices"),
    path("catalogue/price-imports/", price_imports.PriceImports.as_view(), name="price-imports"),
    path(
        "catalogue/price-imports/<int:pk>/",
        price_imports.OnePriceImport.as_view(),
        name="price-import",
    ),
    path(
        "catalogue/price-imports/<int:pk>/apply/",
        price_imports.ApplyPriceImport.as_view(),
        name="apply-price-import",
    ),
    path("audit/", audit.AuditTrail.as_view(), name="audit"),
]
