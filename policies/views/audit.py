"""The audit trail in the browser."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from policies.differences.audit_diffs import detail_lines, version_diffs
from policies.models import Workflow
from policies.services.audit import as_json_line, contents_of, filtered, seal, visible_to
from policies.views.visible import person


@login_required
@require_GET
def audit_log(request: HttpRequest) -> HttpResponse:
    """Who did what to the workflows that this person may see; filters live in the address."""
    user = person(request)
    rows = filtered(user, request.GET.dict()).select_related("workflow")
    context = {
        "page": Paginator(rows, 50).get_page(request.GET.get("page")),
        "workflows": Workflow.objects.visible_to(user),
        "actions": visible_to(user).order_by("action").values_list("action", flat=True).distinct(),
        "chosen": request.GET.dict(),
    }
    return render(request, "policies/audit/log.html", context)


@login_required
@require_GET
def audit_row(request: HttpRequest, sequence: int) -> HttpResponse:
    """One row, all it says: who, what, from where, its place in the chain, what it changed."""
    rows = visible_to(person(request)).select_related("workflow", "actor")
    event = get_object_or_404(rows, sequence=sequence)
    contents = contents_of(event)
    context = {
        "event": event,
        "components": version_diffs(*(side.versions for side in contents)) if contents else [],
        "details": list(detail_lines(event.detail)),
        "is_sealed": seal(event) == event.hash,
    }
    return render(request, "policies/audit/row.html", context)


@login_required
@require_GET
def audit_export(request: HttpRequest) -> StreamingHttpResponse:
    """The same rows as JSON lines, oldest first."""
    rows = filtered(person(request), request.GET.dict()).order_by("sequence")
    response = StreamingHttpResponse(
        (as_json_line(event) for event in rows.iterator(chunk_size=2000)),
        content_type="application/x-ndjson",
    )
    response["Content-Disposition"] = 'attachment; filename="audit.jsonl"'
    return response
