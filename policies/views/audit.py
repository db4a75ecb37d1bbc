"""The audit trail in the browser."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from policies.models import AuditEvent, Workflow
from policies.services.audit import as_json_line, filtered
from policies.views.visible import person


@login_required
@require_GET
def audit_log(request: HttpRequest) -> HttpResponse:
    """Who did what to the workflows that this person may see; filters live in the address."""
    visible = Workflow.objects.visible_to(person(request))
    rows = filtered(visible, request.GET.dict()).select_related("workflow")
    context = {
        "page": Paginator(rows, 50).get_page(request.GET.get("page")),
        "workflows": visible,
        "actions": AuditEvent.objects.filter(workflow__in=visible)
        .order_by("action")
        .values_list("action", flat=True)
        .distinct(),
        "chosen": request.GET.dict(),
    }
    return render(request, "policies/audit/log.html", context)


@login_required
@require_GET
def audit_export(request: HttpRequest) -> StreamingHttpResponse:
    """The same rows as JSON lines, oldest first."""
    visible = Workflow.objects.visible_to(person(request))
    rows = filtered(visible, request.GET.dict()).order_by("sequence")
    response = StreamingHttpResponse(
        (as_json_line(event) for event in rows.iterator(chunk_size=2000)),
        content_type="application/x-ndjson",
    )
    response["Content-Disposition"] = 'attachment; filename="audit.jsonl"'
    return response
