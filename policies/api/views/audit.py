"""The audit trail, read."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import person
from policies.api.bodies import read_query
from policies.api.operation import operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.audit import AuditEventSerializer, AuditQuery
from policies.services.audit import filtered


class AuditTrail(APIView):
    @operation(
        "list_audit_events",
        "Who did what to the workflows, teams and catalogue I may see, newest first",
        gives=pages_of(AuditEventSerializer),
        query=AuditQuery,
    )
    def get(self, request: Request) -> Response:
        asked = read_query(request, AuditQuery)
        chosen = {name: str(value) for name, value in asked.items()}
        rows = filtered(person(request), chosen)
        return page_of(rows.select_related("workflow"), AuditEventSerializer, request)
