"""Addresses below /api/v1/: teams, workflows, environments and router tokens."""

from django.urls import path

from policies.api.urls.prefixes import ENVIRONMENT, WORKFLOW
from policies.api.views import environments, people, questions, router_tokens, workflows

urlpatterns = [
    path("teams/", people.Teams.as_view(), name="teams"),
    path("teams/<slug:slug>/", people.OneTeam.as_view(), name="team"),
    path("teams/<slug:slug>/members/", people.Members.as_view(), name="members"),
    path("teams/<slug:slug>/members/<int:pk>/", people.Member.as_view(), name="member"),
    path("workflows/", workflows.Workflows.as_view(), name="workflows"),
    path(WORKFLOW, workflows.OneWorkflow.as_view(), name="workflow"),
    path(f"{WORKFLOW}environments/", environments.Environments.as_view(), name="environments"),
    path(ENVIRONMENT, environments.OneEnvironment.as_view(), name="environment"),
    path(
        f"{ENVIRONMENT}router-tokens/", router_tokens.RouterTokens.as_view(), name="router-tokens"
    ),
    path(
        f"{ENVIRONMENT}router-tokens/<int:pk>/",
        router_tokens.OneRouterToken.as_view(),
        name="router-token",
    ),
    path(
        f"{ENVIRONMENT}router-tokens/<int:pk>/rotate/",
        router_tokens.RotateRouterToken.as_view(),
        name="rotate-router-token",
    ),
    path(f"{WORKFLOW}questions/", questions.QuestionsView.as_view(), name="questions"),
]
