"""Addresses without their slash: over REST, told in a way that keeps method and body."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.common import CommonMiddleware

from policies.api.problem import MEDIA_TYPE, PLAIN
from policies.governance.origin import REST_PREFIX


class SlashMiddleware(CommonMiddleware):
    """As Django's, save that it answers with 301, which most clients repeat as a GET without the
    body: below /api/v1/ it is 308, and a problem document for those who do not follow.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        is_missing = response.status_code == HTTPStatus.NOT_FOUND
        if not is_missing or not request.path.startswith(REST_PREFIX):
            return super().process_response(request, response)
        if not self.should_redirect_with_slash(request):
            return super().process_response(request, response)
        return super().process_response(request, _moved(request))


def _moved(request: HttpRequest) -> HttpResponse:
    status = HTTPStatus.PERMANENT_REDIRECT
    detail = f"The address ends with a slash: {request.path}/"
    said = {"type": PLAIN, "title": status.phrase, "status": int(status), "detail": detail}
    where = {"Location": request.get_full_path(force_append_slash=True)}
    return JsonResponse(said, status=status, content_type=MEDIA_TYPE, headers=where)
