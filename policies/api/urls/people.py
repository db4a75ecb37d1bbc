"""Addresses below /api/v1/: /me/ and the audit trail."""

from django.urls import path

from policies.api.views import audit, people

urlpatterns = [
    path("me/", people.Me.as_view(), name="me"),
    path("me/tokens/", people.MyTokens.as_view(), name="my-tokens"),
    path("me/tokens/<int:pk>/", people.MyToken.as_view(), name="my-token"),
    path("audit/", audit.AuditTrail.as_view(), name="audit"),
]
