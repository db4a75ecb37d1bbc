"""Addresses: inbox and webhooks."""

from django.urls import path

from policies.views.news import inbox, webhooks

urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/<int:pk>/", inbox.inbox_open, name="inbox-open"),
    path("inbox/<int:pk>/mark/", inbox.inbox_mark, name="inbox-mark"),
    path("inbox/mark-all/", inbox.inbox_mark_all, name="inbox-mark-all"),
    path("inbox/preferences/", inbox.inbox_preferences, name="inbox-preferences"),
    path("w/<slug:slug>/settings/webhooks/", webhooks.webhook_list, name="webhooks"),
    path("w/<slug:slug>/settings/webhooks/<int:pk>/", webhooks.webhook_detail, name="webhook"),
    path(
        "w/<slug:slug>/settings/webhooks/<int:pk>/deliveries/",
        webhooks.webhook_deliveries,
        name="webhook-deliveries",
    ),
    path(
        "w/<slug:slug>/settings/webhooks/<int:pk>/deliveries/<int:message_pk>/again/",
        webhooks.webhook_redeliver,
        name="webhook-redeliver",
    ),
    path(
        "w/<slug:slug>/settings/webhooks/<int:pk>/rotate-secret/",
        webhooks.webhook_rotate,
        name="webhook-rotate",
    ),
    path(
        "w/<slug:slug>/settings/webhooks/<int:pk>/delete/",
        webhooks.webhook_delete,
        name="webhook-delete",
    ),
    path(
        "w/<slug:slug>/settings/webhooks/<int:pk>/<slug:action>/",
        webhooks.webhook_act,
        name="webhook-act",
    ),
]
