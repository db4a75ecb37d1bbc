"""Addresses below /api/v1/: notifications, mail choices and webhooks."""

from django.urls import path

from policies.api.urls.prefixes import WORKFLOW
from policies.api.views import notifications, webhooks

urlpatterns = [
    path("me/notifications/", notifications.MyNotifications.as_view(), name="my-notifications"),
    path(
        "me/notifications/read-all/",
        notifications.MyNotificationsRead.as_view(),
        name="my-notifications-read",
    ),
    path(
        "me/notifications/<int:pk>/read/",
        notifications.MyNotificationRead.as_view(),
        name="my-notification-read",
    ),
    path("me/mail-choices/", notifications.MyMailChoices.as_view(), name="my-mail-choices"),
    path(f"{WORKFLOW}webhooks/", webhooks.Webhooks.as_view(), name="webhooks"),
    path(f"{WORKFLOW}webhooks/<int:pk>/", webhooks.OneWebhook.as_view(), name="webhook"),
    path(
        f"{WORKFLOW}webhooks/<int:pk>/rotate-secret/",
        webhooks.RotateWebhookSecret.as_view(),
        name="rotate-webhook-secret",
    ),
    path(f"{WORKFLOW}webhooks/<int:pk>/test/", webhooks.TestWebhook.as_view(), name="test-webhook"),
    path(
        f"{WORKFLOW}webhooks/<int:pk>/messages/",
        webhooks.WebhookMessages.as_view(),
        name="webhook-messages",
    ),
    path(
        f"{WORKFLOW}webhooks/<int:pk>/messages/<int:message_pk>/redeliver/",
        webhooks.RedeliverWebhookMessage.as_view(),
        name="redeliver-webhook-message",
    ),
]
