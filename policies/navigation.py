"""What the shell shows around every page: where one is, and where one can go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from policies.models import ChangeRequest, Notification, Workflow

# The switcher is for a team's own; beyond, the command palette searches.
SWITCHER_LENGTH = 30
# The attribute of a request that names the workflow its page is about.
SHOWN = "shown_workflow"
CONSOLE = (("Home", "home", "h"), ("Catalogue", "catalogue", "m"), ("Audit", "audit", "a"))
WORKFLOW = (
    ("Overview", "workflow", "o"),
    ("Policy", "workflow-policy", "p"),
    ("Changes", "changes", "c"),
    ("Releases", "releases", "r"),
    ("Datasets", "datasets", "d"),
    ("Evaluations", "evaluations", "e"),
    ("Scorecard", "scorecard", "s"),
    ("Settings", "workflow-settings", "t"),
)


@dataclass(frozen=True)
class NavigationItem:
    """One link of the rail. `key` is the second key of its `g` shortcut."""

    label: str
    url: str
    key: str
    current: bool
    count: int = 0
    waiting: bool = False


@dataclass(frozen=True)
class Crumb:
    label: str
    url: str = ""


def is_below(path: str, url: str) -> bool:
    """Whether a path is this page or one below it; the two roots contain everything, so not."""
    return path == url if url == "/" or url.count("/") == 3 else path.startswith(url)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: rail, workflow switcher and breadcrumbs. Three queries when signed in."""
    if not request.user.is_authenticated:
        return {}
    # Not read until the rail shows it; a page that brings its own list saves the query.
    workflows = Workflow.objects.visible_to(request.user)[:SWITCHER_LENGTH]
    context: dict[str, Any] = {
        "workflows": workflows,
        # Called by the bell of the top bar, so that a fragment without one costs no query.
        "inbox_unread": Notification.objects.of(request.user).unread().count,
        "console_nav": [
            NavigationItem(label, reverse(name), key, is_below(request.path, reverse(name)))
            for label, name, key in CONSOLE
        ],
    }
    workflow: Workflow | None = getattr(request, SHOWN, None)
    if workflow is None:
        return context
    items = [_item(request, workflow, *entry) for entry in WORKFLOW]
    here = next((item for item in items if item.current), items[0])
    crumbs = [Crumb(workflow.name, reverse("workflow", args=[workflow.slug]))]
    if here is not items[0]:
        crumbs.append(Crumb(here.label, here.url if request.path != here.url else ""))
    return context | {"nav_items": items, "breadcrumbs": crumbs}


def _item(
    request: HttpRequest, workflow: Workflow, label: str, name: str, key: str
) -> NavigationItem:
    url = reverse(name, args=[workflow.slug])
    current = is_below(request.path, url) or (
        name == "workflow-policy"
        and request.path.startswith((f"/w/{workflow.slug}/drafts/", f"/w/{workflow.slug}/try/"))
    )
    if name != "changes":
        return NavigationItem(label, url, key, current)
    open_changes = ChangeRequest.objects.open().filter(workflow=workflow).count()
    return NavigationItem(label, url, key, current, open_changes)
