"""A person's inbox: what concerns them, and what of it they want by mail."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policies.forms.news.notifications import MailForm
from policies.models import Notification
from policies.services.news import notifications
from policies.services.news.news import mail_is_set_up
from policies.views.visible import person
from policies.wording.whole_numbers import whole_number

PAGE = 30


@login_required
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """What I was told, newest first: what I have not read yet, or everything."""
    mine = Notification.objects.of(person(request)).select_related("workflow")
    show_all = request.GET.get("show") == "all"
    rows = mine if show_all else mine.unread()
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "show_all": show_all,
        "unread": page.paginator.count if not show_all else mine.unread().count(),
        "newest": max((row.pk for row in page), default=0),
    }
    return render(request, "policies/news/inbox/inbox.html", context)


@login_required
@require_GET
def inbox_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Go to what a notification is about. Having gone there is having read it."""
    notification = _mine_or_404(request, pk)
    notifications.mark_read(notification, acting_user=person(request))
    return redirect(notification.path)


@login_required
@require_POST
def inbox_mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one as read, or as not read."""
    notification = _mine_or_404(request, pk)
    is_read = request.POST.get("read") != "0"
    notifications.mark_read(notification, acting_user=person(request), is_read=is_read)
    if not request.headers.get("HX-Request"):
        return redirect("inbox")
    notification.refresh_from_db()
    context = {"notification": notification, "is_swap": True}
    return render(request, "policies/news/inbox/_swapped.html", context)


@login_required
@require_POST
def inbox_mark_all(request: HttpRequest) -> HttpResponse:
    """Mark as read all that was shown, and what is older."""
    last = whole_number(request.POST.get("up_to", ""))
    notifications.mark_all_read(acting_user=person(request), up_to=last)
    return redirect("inbox")


@login_required
@require_http_methods(["GET", "POST"])
def inbox_preferences(request: HttpRequest) -> HttpResponse:
    """Which events are mailed to me."""
    user = person(request)
    initial = MailForm.initial_of(notifications.mail_choices(user))
    form = MailForm(request.POST or None, initial=initial)
    if request.method == "POST":
        # A form with every box empty sends nothing but its token, and is valid all the same.
        form = MailForm(request.POST)
        if form.is_valid():
            notifications.choose_mail(form.choices(), acting_user=user)
            messages.success(request, "Saved.")
            return redirect("inbox-preferences")
    context = {"form": form, "mail_is_set_up": mail_is_set_up()}
    return render(request, "policies/news/inbox/preferences.html", context)


def _mine_or_404(request: HttpRequest, pk: int) -> Notification:
    mine = Notification.objects.of(person(request)).select_related("workflow")
    return get_object_or_404(mine, pk=pk)
