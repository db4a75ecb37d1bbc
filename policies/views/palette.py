"""What the command palette offers besides the page's own actions."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from policies.models import ChangeRequest, Workflow
from policies.views.navigation import CONSOLE, WORKFLOW
from policies.views.visible import person

RECENT_CHANGES = 200


@login_required
@require_GET
def palette(request: HttpRequest) -> JsonResponse:
    """Every page of every visible workflow, and the latest change requests."""
    user = person(request)
    entries = [
        {"label": label, "hint": "", "url": reverse(name), "group": "Console"}
        for label, name, _ in CONSOLE
    ]
    for workflow in Workflow.objects.visible_to(user):
        entries += [
            {
                "label": f"{workflow.name}: {label}",
                "hint": "",
                "url": reverse(name, args=[workflow.slug]),
                "group": "Workflows",
            }
            for label, name, _ in WORKFLOW
        ]
    changes = ChangeRequest.objects.visible_to(user).select_related("workflow")
    entries += [
        {
            "label": f"#{change.number} {change.title}",
            "hint": change.workflow.name,
            "url": change.get_absolute_url(),
            "group": "Change requests",
        }
        for change in changes.order_by("-updated_at")[:RECENT_CHANGES]
    ]
    return JsonResponse(entries, safe=False)
