"""Addresses of what routers should do. Each is permanent and readable."""

from django.contrib.auth.views import LogoutView
from django.urls import path, re_path

from policies.views import audit, palette
from policies.views.as_code import files
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
from policies.views.catalogue import entries, price_imports
from policies.views.news import inbox, webhooks
from policies.views.people import account
from policies.views.releases import releases
from policies.views.review import changes
from policies.views.teams import protection, questions, settings

ACTIONS = "|".join(changes.ACTIONS)

urlpatterns = [
    path("sign-in/", account.SignIn.as_view(), name="sign-in"),
    path("sign-in/demo/", account.demo_sign_in, name="demo-sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("account/", account.account, name="account"),
    path("account/password/", account.confirm_password, name="confirm-password"),
    path(
        "account/tokens/<int:pk>/revoke/",
        account.personal_token_revoke,
        name="personal-token-revoke",
    ),
    path("audit/", audit.audit_log, name="audit"),
    path("audit/<int:sequence>/", audit.audit_row, name="audit-row"),
    path("audit/export.jsonl", audit.audit_export, name="audit-export"),
    path("catalogue/", entries.catalogue_list, name="catalogue"),
    path("catalogue/import/", price_imports.price_import_upload, name="price-import-upload"),
    path("catalogue/import/<int:pk>/", price_imports.price_import, name="price-import"),
    path("catalogue/models/add/", entries.catalogue_model_add, name="catalogue-model-add"),
    path("catalogue/models/<int:pk>/", entries.catalogue_model, name="catalogue-model"),
    path(
        "catalogue/models/<int:pk>/prices/add/",
        entries.catalogue_price_add,
        name="catalogue-price-add",
    ),
    path("catalogue/providers/add/", entries.catalogue_provider_add, name="catalogue-provider-add"),
    path("catalogue/validate/<slug:name>/", entries.catalogue_validate, name="catalogue-validate"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/<int:pk>/", inbox.inbox_open, name="inbox-open"),
    path("inbox/<int:pk>/mark/", inbox.inbox_mark, name="inbox-mark"),
    path("inbox/mark-all/", inbox.inbox_mark_all, name="inbox-mark-all"),
    path("inbox/preferences/", inbox.inbox_preferences, name="inbox-preferences"),
    path("palette.json", palette.palette, name="palette"),
    path("w/<slug:slug>/changes/", changes.change_list, name="changes"),
    path("w/<slug:slug>/changes/new/", changes.change_create, name="change-create"),
    path("w/<slug:slug>/changes/<int:number>/", changes.change_detail, name="change"),
    path(
        "w/<slug:slug>/changes/<int:number>/describe/",
        changes.change_describe,
        name="change-describe",
    ),
    re_path(
        rf"^w/(?P<slug>[-\w]+)/changes/(?P<number>\d+)/(?P<action>{ACTIONS})/$",
        changes.change_act,
        name="change-act",
    ),
    path("w/<slug:slug>/drafts/new/", starts.draft_create, name="draft-create"),
    path("w/<slug:slug>/drafts/<int:pk>/", studio.draft_detail, name="draft"),
    path(
        "w/<slug:slug>/drafts/<int:pk>/findings/",
        findings.draft_findings,
        name="draft-findings",
    ),
    path("w/<slug:slug>/drafts/<int:pk>/files.zip", files.draft_files, name="draft-files"),
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
    path("w/<slug:slug>/releases/", releases.release_list, name="releases"),
    path(
        "w/<slug:slug>/releases/<slug:environment>/<int:number>/",
        releases.release_detail,
        name="release",
    ),
    path(
        "w/<slug:slug>/releases/<slug:environment>/<int:number>/files.zip",
        files.release_files,
        name="release-files",
    ),
    path(
        "w/<slug:slug>/releases/<slug:environment>/<int:number>/roll-back/",
        releases.release_roll_back,
        name="release-roll-back",
    ),
    path(
        "w/<slug:slug>/releases/<slug:environment>/<int:number>/promote/",
        releases.release_promote,
        name="release-promote",
    ),
    path("w/<slug:slug>/try/", try_it.try_it, name="try-it"),
    path("w/<slug:slug>/settings/", settings.workflow_settings, name="workflow-settings"),
    path(
        "w/<slug:slug>/settings/questions/", questions.decision_questions, name="decision-questions"
    ),
    path("w/<slug:slug>/settings/edit/", settings.workflow_edit, name="workflow-edit"),
    path(
        "w/<slug:slug>/settings/contracts/<slug:kind>/",
        settings.contract_edit,
        name="contract-edit",
    ),
    path(
        "w/<slug:slug>/settings/environments/<slug:name>/",
        protection.environment_edit,
        name="environment-edit",
    ),
    path("w/<slug:slug>/settings/freezes/add/", protection.freeze_create, name="freeze-create"),
    path(
        "w/<slug:slug>/settings/freezes/<int:pk>/lift/", protection.freeze_lift, name="freeze-lift"
    ),
    path("w/<slug:slug>/settings/members/add/", settings.member_add, name="member-add"),
    path(
        "w/<slug:slug>/settings/members/<int:pk>/remove/",
        settings.member_remove,
        name="member-remove",
    ),
    path(
        "w/<slug:slug>/settings/tokens/issue/",
        settings.router_token_issue,
        name="router-token-issue",
    ),
    path(
        "w/<slug:slug>/settings/tokens/<int:pk>/revoke/",
        settings.router_token_revoke,
        name="router-token-revoke",
    ),
    path("w/<slug:slug>/settings/webhooks/", webhooks.webhook_list, name="webhooks"),
    path("w/<slug:slug>/settings/webhooks/<int:pk>/", webhooks.webhook_detail, name="webhook"),
    path(
        "w/<slug:slug>/settings/webhooks/<int:pk>/deliveries/",
        webhooks.webhook_deliveries,
        name="webhook-deliveries",
    ),
    path(
        "w/<slug:slug>/settings/webhooks/<int:pk>/deliveries/<int:message_pk>/again/",
        webhooks.webhook_redeliver,
        name="webhook-redeliver",
    ),
    path(
        "w/<slug:slug>/settings/webhooks/<int:pk>/rotate-secret/",
        webhooks.webhook_rotate,
        name="webhook-rotate",
    ),
    path(
        "w/<slug:slug>/settings/webhooks/<int:pk>/delete/",
        webhooks.webhook_delete,
        name="webhook-delete",
    ),
    path(
        "w/<slug:slug>/settings/webhooks/<int:pk>/<slug:action>/",
        webhooks.webhook_act,
        name="webhook-act",
    ),
]
