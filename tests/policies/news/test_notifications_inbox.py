"""The inbox: a person's own, in the browser and by REST."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from policies.models import ChangeRequest, Environment, Notification
from policies.services.news.news import tell_news
from tests.api.conftest import Caller, pointers
from tests.policies.steps import documents, in_review


@pytest.fixture
def change(staging: Environment, author: User, reviewer: User) -> ChangeRequest:
    """A change request whose review was asked for, and told."""
    change = in_review(staging, author)
    tell_news()
    return change


@pytest.fixture
def told(change: ChangeRequest, reviewer: User) -> Notification:
    return Notification.objects.get(recipient=reviewer)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_bell__on_any_page__counts_what_is_unread(told: Notification, reviewer: User) -> None:
    client = signed_in(reviewer)
    page = client.get(reverse("audit")).content.decode()
    assert 'aria-label="Inbox, 1 unread"' in page
    client.post(reverse("inbox-mark", args=[told.pk]), {"read": "1"})
    assert "Inbox, nothing unread" in client.get(reverse("audit")).content.decode()


def test_inbox__opened_at_a_notification__leads_there_and_marks_it_read(
    told: Notification, change: ChangeRequest, reviewer: User
) -> None:
    client = signed_in(reviewer)
    assert told.sentence in client.get(reverse("inbox")).content.decode()
    answer = client.get(reverse("inbox-open", args=[told.pk]))
    assert answer.headers["Location"] == change.get_absolute_url()
    assert told.sentence not in client.get(reverse("inbox")).content.decode()
    assert told.sentence in client.get(reverse("inbox"), {"show": "all"}).content.decode()


def test_inbox__marked_by_htmx__swaps_the_row_and_the_bell(
    told: Notification, reviewer: User
) -> None:
    answer = signed_in(reviewer).post(
        reverse("inbox-mark", args=[told.pk]), {"read": "1"}, headers={"HX-Request": "true"}
    )
    fragment = answer.content.decode()
    assert "Mark unread" in fragment
    assert "hx-swap-oob" in fragment
    assert "<html" not in fragment


def test_inbox__all_marked_read__leaves_what_came_meanwhile(
    told: Notification, staging: Environment, author: User, reviewer: User
) -> None:
    client = signed_in(reviewer)
    shown = client.get(reverse("inbox")).context["newest"]
    in_review(staging, author, documents(share=60))
    tell_news()
    client.post(reverse("inbox-mark-all"), {"up_to": str(shown)})
    assert Notification.objects.of(reviewer).unread().count() == 1
    client.post(reverse("inbox-mark-all"), {"up_to": "nonsense"})
    assert not Notification.objects.of(reviewer).unread().exists()


@pytest.mark.parametrize("way", ["inbox-open", "inbox-mark"])
def test_notification__of_somebody_else__does_not_exist(
    way: str, told: Notification, author: User
) -> None:
    client = signed_in(author)
    method = client.get if way == "inbox-open" else client.post
    assert method(reverse(way, args=[told.pk])).status_code == 404
    told.refresh_from_db()
    assert told.read_at is None


def test_rest__notifications__are_the_callers_own(
    told: Notification, author: User, reviewer: User
) -> None:
    caller = Caller(reviewer)
    (row,) = caller.get("/me/notifications/", unread="true").json()["results"]
    assert (row["event"], row["workflow"]) == ("change.review_asked", "support-assistant")
    read = f"/me/notifications/{row['id']}/read/"
    assert Caller(author).put(read).status_code == 404
    assert caller.put(read).json()["read_at"]
    assert caller.get("/me/notifications/", unread="true").json()["count"] == 0
    assert caller.delete(read).json()["read_at"] is None
    assert caller.post("/me/notifications/read-all/", {"up_to": 0}).json() == {"marked": 0}
    assert caller.post("/me/notifications/read-all/").json() == {"marked": 1}


def test_rest__mail_choices__keep_what_is_not_named(reviewer: User) -> None:
    caller = Caller(reviewer)
    body = {"choices": [{"event": "release.published", "by_mail": True}]}
    choices = caller.patch("/me/mail-choices/", body).json()["choices"]
    chosen = {choice["event"]: choice["by_mail"] for choice in choices}
    assert chosen["release.published"]
    assert chosen["change.review_asked"]
    assert caller.get("/me/mail-choices/").json()["choices"] == choices
    wrong = caller.patch("/me/mail-choices/", {"choices": [{"event": "x", "by_mail": True}]})
    assert pointers(wrong) == ["/choices/0/event"]


def test_inbox__with_many__costs_few_queries(
    told: Notification,
    staging: Environment,
    author: User,
    reviewer: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for share in (60, 61, 62):
        in_review(staging, author, documents(share=share))
    tell_news()
    client = signed_in(reviewer)
    # Session, person; notifications counted and read; the rail's workflows; the bell.
    with django_assert_max_num_queries(7):
        client.get(reverse("inbox"))
