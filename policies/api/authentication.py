"""Who calls: a person by their token, or the signed-in browser."""

from __future__ import annotations

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from policies.delivery.bearer import ROUTER_PREFIX
from policies.services.people.tokens import personal_token_user


class PersonalTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer rcp_…`, issued on the account page or at `/me/tokens/`."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        scheme, _, plain = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        plain = plain.strip()
        if plain.startswith(ROUTER_PREFIX):
            raise AuthenticationFailed("This is a router's token; people need one of their own.")
        user = personal_token_user(plain)
        if user is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="routing-console"'
