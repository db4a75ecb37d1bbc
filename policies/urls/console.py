"""Addresses: the audit trail and the command palette."""

from django.urls import path

from policies.views import audit, palette

urlpatterns = [
    path("audit/", audit.audit_log, name="audit"),
    path("audit/<int:sequence>/", audit.audit_row, name="audit-row"),
    path("audit/export.jsonl", audit.audit_export, name="audit-export"),
    path("palette.json", palette.palette, name="palette"),
]
