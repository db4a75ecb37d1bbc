"""Who reports: a router, by the token of its workflow and environment."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from policies.delivery.bearer import PERSONAL_PREFIX, bearer_token, token_hash
from policies.models import RouterToken
from policies.models.tokens import TokenScope


class RouterTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer rcr_…`, issued in the workflow's settings."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, RouterToken] | None:
        header = get_authorization_header(request).decode("latin-1")
        plain = bearer_token(header)
        if not plain:
            return None
        if plain.startswith(PERSONAL_PREFIX):
            raise PermissionDenied("This is a person's token; routers need one of their own.")
        tokens = RouterToken.objects.usable().select_related("environment")
        token = tokens.filter(hash=token_hash(plain)).first()
        if token is None:
            raise AuthenticationFailed("This router token is unknown, expired or revoked.")
        RouterToken.objects.note_use(token.pk, token.last_used_at)
        return AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="routing-console"'


class IsRouter(BasePermission):
    """A router whose token may report."""

    message = "Reporting needs a router's token with the scope report."

    def has_permission(self, request: Request, view: APIView) -> bool:
        token = request.auth
        return isinstance(token, RouterToken) and TokenScope.REPORT in token.scopes


class RouterTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names it."""

    target_class = RouterTokenAuthentication
    name = "routerToken"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A router's token (rcr_…): one workflow, one environment.",
        }
