"""Addresses: a workflow's settings."""

from django.urls import path

from policies.views.routers import tokens
from policies.views.teams import members, protection, questions, settings

urlpatterns = [
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
    path("w/<slug:slug>/settings/members/add/", members.member_add, name="member-add"),
    path(
        "w/<slug:slug>/settings/members/<int:pk>/remove/",
        members.member_remove,
        name="member-remove",
    ),
    path(
        "w/<slug:slug>/settings/tokens/issue/",
        tokens.router_token_issue,
        name="router-token-issue",
    ),
    path(
        "w/<slug:slug>/settings/tokens/<int:pk>/rotate/",
        tokens.router_token_rotate,
        name="router-token-rotate",
    ),
    path(
        "w/<slug:slug>/settings/tokens/<int:pk>/revoke/",
        tokens.router_token_revoke,
        name="router-token-revoke",
    ),
]
