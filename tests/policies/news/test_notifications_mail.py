"""Mail: to those who want it, once, tried again when it is not taken, and said when not set up."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from smtplib import SMTPException
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from policies.models import Environment, Notification
from policies.models.teams import Membership
from policies.services.news import mail as notification_mail
from policies.services.news.news import tell_news
from policies.services.news.notifications import choose_mail, mail_choices
from tests.policies.steps import in_review
from tests.services.worker import WorkerProcess

DUMMY = "django.core.mail.backends.dummy.EmailBackend"


def send_all(now: datetime.datetime | None = None) -> int:
    tell_news()
    due = notification_mail.take_due(now)
    for pk, tries in due:
        notification_mail.send_mail(pk, tries, now)
    return len(due)


def test_mail__of_a_review_request__says_why_and_where(
    staging: Environment, author: User, reviewer: User, settings: Settings
) -> None:
    settings.CONSOLE_URL = "https://console.example.com"
    in_review(staging, author)
    send_all()
    (sent,) = [found for found in mail.outbox if found.to == [reviewer.email]]
    assert sent.subject.startswith("[Support assistant] Anna Author asks for a review of #1")
    row = Notification.objects.get(recipient=reviewer)
    assert f"https://console.example.com/inbox/{row.pk}/" in sent.body
    assert "You may review it." in sent.body
    assert row.mailed_at is not None
    assert send_all() == 0


def test_mail__the_same_task_twice__is_sent_once(
    staging: Environment, author: User, reviewer: User
) -> None:
    in_review(staging, author)
    tell_news()
    for pk, tries in notification_mail.take_due():
        for _ in range(3):
            notification_mail.send_mail(pk, tries)
    assert sorted(found.to[0] for found in mail.outbox) == [
        "owner@example.org",
        "reviewer@example.org",
    ]


def test_mail__not_wanted__stays_in_the_inbox(
    staging: Environment, author: User, reviewer: User
) -> None:
    choose_mail({"change.review_asked": False}, acting_user=reviewer)
    in_review(staging, author)
    send_all()
    assert [found.to for found in mail.outbox] == [["owner@example.org"]]
    assert Notification.objects.of(reviewer).unread().exists()


def test_mail__not_taken__is_tried_again_later(
    staging: Environment, author: User, reviewer: User
) -> None:
    in_review(staging, author)
    now = timezone.now() + datetime.timedelta(minutes=1)  # the news is told after this line
    with mock.patch.object(EmailMessage, "send", side_effect=SMTPException("busy")):
        assert send_all(now) == 2
    assert send_all(now + datetime.timedelta(seconds=1)) == 0
    assert send_all(now + datetime.timedelta(seconds=10)) == 2
    assert len(mail.outbox) == 2


def test_mail__to_a_member_who_left_meanwhile__is_not_sent(
    staging: Environment, author: User, reviewer: User
) -> None:
    in_review(staging, author)
    tell_news()
    Membership.objects.filter(user=reviewer).delete()
    send_all()
    assert [found.to for found in mail.outbox] == [["owner@example.org"]]


def test_mail__of_a_title_with_line_breaks__has_a_sound_subject(
    staging: Environment, author: User, reviewer: User
) -> None:
    change = in_review(staging, author)
    change.title = "Shift\r\nBcc: everybody@example.org"
    change.save(update_fields=["title"])
    send_all()
    assert all("\n" not in found.subject for found in mail.outbox)
    assert len(mail.outbox) == 2


def test_console_without_mail__says_so_and_owes_none(
    staging: Environment, author: User, reviewer: User, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = DUMMY
    in_review(staging, author)
    assert send_all() == 0
    client = Client()
    client.force_login(reviewer)
    for page in ("account", "inbox-preferences"):
        assert "EMAIL_URL" in client.get(reverse(page)).content.decode()


def test_preferences_page__with_every_box_empty__keeps_that(reviewer: User) -> None:
    client = Client()
    client.force_login(reviewer)
    assert client.post(reverse("inbox-preferences"), {}).status_code == 302
    assert not any(mail_choices(reviewer).values())
    form = client.get(reverse("inbox-preferences")).context["form"]
    assert not any(box.value() for box in form)


@pytest.mark.slow
def test_worker__with_mail_set_up__writes_each_mail_once(
    staging: Environment,
    author: User,
    reviewer: User,
    celery_worker_process: Callable[..., WorkerProcess],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "mails"
    celery_worker_process(concurrency=2, EMAIL_URL=f"filemail:///{folder}")
    in_review(staging, author)
    give_up_at = time.monotonic() + 20
    while Notification.objects.exclude(mailed_at=None).count() < 2:
        assert time.monotonic() < give_up_at
        time.sleep(0.1)
    written = [message_from_bytes(path.read_bytes()) for path in folder.iterdir()]
    assert sorted(str(found["To"]) for found in written) == [
        "owner@example.org",
        "reviewer@example.org",
    ]
    assert len({found["Message-ID"] for found in written}) == 2
