"""The inbox and the webhook pages in a real browser: by keyboard, and readable by everybody."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from policies.models import Environment, Notification
from policies.services.news import webhook_delivery, webhooks
from policies.services.news.news import tell_news
from policies.services.news.webhooks import WebhookFacts
from tests.policies.steps import in_review
from tests.services.browser import axe_violations, violations_in_both_themes


def enter(page: Page, server: LiveServer, user: User) -> None:
    """Sign a person in without the sign-in page."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": server.url}])


def test_inbox__by_keyboard__is_reached_and_marked_read(
    page: Page,
    live_server: LiveServer,
    staging: Environment,
    author: User,
    reviewer: User,
) -> None:
    in_review(staging, author)
    tell_news()
    enter(page, live_server, reviewer)
    page.goto(f"{live_server.url}{reverse('audit')}")
    expect(page.get_by_role("link", name="Inbox, 1 unread")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    assert axe_violations(page) == []
    mark = page.get_by_role("button", name="Mark read")
    mark.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Mark unread")).to_be_focused()
    expect(page.get_by_role("link", name="Inbox, nothing unread")).to_be_visible()
    assert not Notification.objects.filter(recipient=reviewer).unread().exists()


def test_pages__of_notifications_and_webhooks__are_accessible_in_both_themes(
    page: Page, live_server: LiveServer, staging: Environment, operator: User
) -> None:
    facts = WebhookFacts("Robot", "https://receiver.invalid/hook")
    webhook, _ = webhooks.add_webhook(staging.workflow, facts, acting_user=operator)
    webhooks.send_test(webhook, acting_user=operator)
    for pk, tries in webhook_delivery.take_due():
        webhook_delivery.try_message(pk, tries)
    enter(page, live_server, operator)
    for address in (
        reverse("inbox"),
        reverse("inbox-preferences"),
        reverse("webhooks", args=[staging.workflow.slug]),
        webhook.get_absolute_url(),
    ):
        page.goto(f"{live_server.url}{address}")
        assert violations_in_both_themes(page) == []
    page.get_by_text("no answer").click()
    expect(page.get_by_text("is not a known name")).to_be_visible()
