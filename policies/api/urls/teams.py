"""Addresses below /api/v1/: teams, workflows, environments and router tokens."""

from django.urls import path

from policies.api.urls.prefixes import ENVIRONMENT, WORKFLOW
from policies.api.views import people, questions, workflows

urlpatterns = [
    path("teams/", people.Teams.as_view(), name="teams"),
    path("teams/<slug:slug>/", people.OneTeam.as_view(), name="team"),
    path("teams/<slug:slug>/members/", people.Members.as_view(), name="members"),
    path("teams/<slug:slug>/members/<int:pk>/", people.Member.as_view(), name="member"),
    path("workflows/", workflows.Workflows.as_view(), name="workflows"),
    path(WORKFLOW, workflows.OneWorkflow.as_view(), name="workflow"),
    path(f"{WORKFLOW}environments/", workflows.Environments.as_view(), name="environments"),
    path(ENVIRONMENT, workflows.OneEnvironment.as_view(), name="environment"),
    path(f"{ENVIRONMENT}router-tokens/", workflows.RouterTokens.as_view(), name="router-tokens"),
    path(
        f"{ENVIRONMENT}router-tokens/<int:pk>/",
        workflows.OneRouterToken.as_view(),
        name="router-token",
    ),
    path(
        f"{ENVIRONMENT}router-tokens/<int:pk>/rotate/",
        workflows.RotateRouterToken.as_view(),
        name="rotate-router-token",
    ),
    path(f"{WORKFLOW}questions/", questions.QuestionsView.as_view(), name="questions"),
]
