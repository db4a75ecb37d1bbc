"""What the shell shows around every page: where one is, and where one can go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse

from policies.models import ChangeRequest, Notification, Workflow

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

Rows = TypeVar("Rows", bound=QuerySet[Any])
# The switcher is for a team's own; beyond, the command palette searches.
SWITCHER_LENGTH = 30
# The attribute of a request that says what its page is about.
SHOWN = "shown"
CONSOLE = (("Home", "home", "h"), ("Catalogue", "catalogue", "m"), ("Audit", "audit", "a"))
WORKFLOW = (
    ("Overview", "workflow", "o"),
    ("Policy", "workflow-policy", "p"),
    ("Changes", "changes", "c"),
    ("Releases", "releases", "r"),
    ("Datasets", "datasets", "d"),
    ("Evaluations", "evaluations", "e"),
    ("Scorecard", "scorecard", "s"),
    ("Fleet", "fleet", "f"),
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


@dataclass(frozen=True)
class Shown:
    """The workflow a page is about, and what the shell counts beside it."""

    workflow: Workflow
    open_changes: int
    inbox_unread: int


def counted(rows: Rows, user: User | AnonymousUser, workflow: str) -> Rows:
    """The same rows, each with what the shell counts, so that a page needs no query for it.

    `workflow` leads from a row to its workflow.
    """
    changes = ChangeRequest.objects.open().filter(workflow=OuterRef(workflow))
    unread = Notification.objects.of(user).unread()
    return rows.annotate(
        open_changes=_count_of(changes, "workflow"), inbox_unread=_count_of(unread, "recipient")
    )


def _count_of(rows: QuerySet[Any], key: str) -> Coalesce:
    """The number of rows, all of one key, inside another query."""
    grouped = rows.order_by().values(key).annotate(number=Count("pk"))
    return Coalesce(Subquery(grouped.values("number")), 0)


def show(request: HttpRequest, workflow: Workflow, row: Any) -> None:
    """Say what the page is about; the counts are on a row that `counted` brought."""
    setattr(request, SHOWN, Shown(workflow, row.open_changes, row.inbox_unread))


def is_below(path: str, url: str) -> bool:
    """Whether a path is this page or one below it; the two roots contain everything, so not."""
    return path == url if url == "/" or url.count("/") == 3 else path.startswith(url)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: rail, workflow switcher and breadcrumbs.

    One query for the switcher; on a page about no workflow, another for the bell.
    """
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
    shown: Shown | None = getattr(request, SHOWN, None)
    if shown is None:
        return context
    workflow = shown.workflow
    items = [_item(request, shown, *entry) for entry in WORKFLOW]
    here = next((item for item in items if item.current), items[0])
    crumbs = [Crumb(workflow.name, reverse("workflow", args=[workflow.slug]))]
    if here is not items[0]:
        crumbs.append(Crumb(here.label, here.url if request.path != here.url else ""))
    return context | {
        "nav_items": items,
        "breadcrumbs": crumbs,
        "inbox_unread": shown.inbox_unread,
    }


def _item(request: HttpRequest, shown: Shown, label: str, name: str, key: str) -> NavigationItem:
    workflow = shown.workflow
    url = reverse(name, args=[workflow.slug])
    current = is_below(request.path, url) or (
        name == "workflow-policy"
        and request.path.startswith((f"/w/{workflow.slug}/drafts/", f"/w/{workflow.slug}/try/"))
    )
    count = shown.open_changes if name == "changes" else 0
    return NavigationItem(label, url, key, current, count)
