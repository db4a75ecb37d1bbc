"""The caller's inbox."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import person
from policies.api.bodies import Nothing, read, read_query
from policies.api.operation import body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.notifications import (
    MailChoicesSerializer,
    MarkedSerializer,
    NewMailChoices,
    NotificationQuery,
    NotificationSerializer,
    ReadAll,
)
from policies.models import Notification
from policies.services.news import notifications
from policies.services.news.news import mail_is_set_up


class MyNotifications(APIView):
    @operation(
        "list_my_notifications",
        "What I was told, newest first",
        gives=pages_of(NotificationSerializer),
        query=NotificationQuery,
    )
    def get(self, request: Request) -> Response:
        asked = read_query(request, NotificationQuery)
        rows = Notification.objects.of(person(request)).select_related("workflow")
        return page_of(
            rows.unread() if asked.get("unread") else rows, NotificationSerializer, request
        )


class MyNotificationsRead(APIView):
    @operation(
        "read_all_my_notifications",
        "Mark all as read, or all up to one",
        takes=ReadAll,
        gives=MarkedSerializer,
    )
    def post(self, request: Request) -> Response:
        asked = read(request, ReadAll)
        marked = notifications.mark_all_read(acting_user=person(request), up_to=asked.get("up_to"))
        return Response(MarkedSerializer({"marked": marked}).data)


class MyNotificationRead(APIView):
    """Whether one notification was read, as a thing to put there and take away."""

    @operation("read_my_notification", "Mark one as read", gives=NotificationSerializer)
    def put(self, request: Request, pk: int) -> Response:
        read(request, Nothing)
        return self._mark(request, pk, is_read=True)

    @operation("unread_my_notification", "Mark one as not read", gives=NotificationSerializer)
    def delete(self, request: Request, pk: int) -> Response:
        read(request, Nothing)
        return self._mark(request, pk, is_read=False)

    def _mark(self, request: Request, pk: int, *, is_read: bool) -> Response:
        user = person(request)
        mine = Notification.objects.of(user).select_related("workflow")
        notification = get_object_or_404(mine, pk=pk)
        notifications.mark_read(notification, acting_user=user, is_read=is_read)
        shown = NotificationSerializer(mine.get(pk=pk)).data
        return Response(shown, status=status.HTTP_200_OK)


class MyMailChoices(APIView):
    @operation("get_my_mail_choices", "Which events are mailed to me", gives=MailChoicesSerializer)
    def get(self, request: Request) -> Response:
        return self._shown(notifications.mail_choices(person(request)))

    @operation(
        "choose_my_mail",
        "Say which events are mailed to me",
        takes=NewMailChoices,
        gives=MailChoicesSerializer,
        examples=[
            body_example(
                "Mail publications too",
                {"choices": [{"event": "release.published", "by_mail": True}]},
            )
        ],
    )
    def patch(self, request: Request) -> Response:
        asked = read(request, NewMailChoices)
        choices = {choice["event"]: choice["by_mail"] for choice in asked["choices"]}
        return self._shown(notifications.choose_mail(choices, acting_user=person(request)))

    def _shown(self, choices: dict[str, bool]) -> Response:
        listed = [{"event": event, "by_mail": by_mail} for event, by_mail in choices.items()]
        said = {"mail_is_set_up": mail_is_set_up(), "choices": listed}
        return Response(MailChoicesSerializer(said).data)
