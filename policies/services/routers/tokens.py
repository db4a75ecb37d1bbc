"""Bearer tokens of routers: issued, rotated, revoked. Plain text is shown once."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from policies.delivery import bearer
from policies.engine import DocumentError, Problem
from policies.governance.permissions import roles_with
from policies.governance.refusals import Reason, Refused
from policies.models import Environment, RouterToken
from policies.models.tokens import TokenScope
from policies.services import audit
from policies.services.rights import can

ROTATION_OVERLAP = datetime.timedelta(hours=24)


@transaction.atomic
def issue_router_token(
    environment: Environment,
    name: str,
    *,
    acting_user: User,
    expires_at: datetime.datetime | None = None,
    scopes: Collection[str] = tuple(TokenScope.values),
) -> tuple[RouterToken, str]:
    """A new token for routers of this environment, and its plain text, which is not kept."""
    _require_manager(acting_user, environment)
    token, plain = _create_router_token(environment, name, acting_user, expires_at, scopes)
    _note("router_token.issued", token, acting_user)
    return token, plain


@transaction.atomic
def rotate_router_token(
    token: RouterToken,
    *,
    acting_user: User,
    overlap: datetime.timedelta = ROTATION_OVERLAP,
) -> tuple[RouterToken, str]:
    """A successor of the same name, scopes and lifetime; the old one works on for `overlap`."""
    token = _locked(token)
    _require_manager(acting_user, token.environment)
    if not token.is_usable:
        raise Refused(
            Reason("state", f"The token {token.name} is no longer valid.", "Issue a new one.")
        )
    now = timezone.now()
    expires_at = token.expires_at and now + (token.expires_at - token.created_at)
    successor, plain = _create_router_token(
        token.environment, token.name, acting_user, expires_at, token.scopes
    )
    end = now + overlap
    token.expires_at = min(token.expires_at or end, end)
    token.save(update_fields=["expires_at"])
    ends = token.expires_at.isoformat()
    _note("router_token.rotated", successor, acting_user, replaces=token.hint, old_until=ends)
    return successor, plain


@transaction.atomic
def revoke_router_token(token: RouterToken, *, acting_user: User) -> RouterToken:
    """End a token at once. Revoking it again changes nothing."""
    token = _locked(token)
    _require_manager(acting_user, token.environment)
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        _note("router_token.revoked", token, acting_user)
    return token


def _create_router_token(
    environment: Environment,
    name: str,
    acting_user: User,
    expires_at: datetime.datetime | None,
    scopes: Collection[str],
) -> tuple[RouterToken, str]:
    plain = bearer.mint(bearer.ROUTER_PREFIX)
    fields = bearer.checked_fields(name, plain, expires_at)
    token = RouterToken.objects.create(
        environment=environment, created_by=acting_user, scopes=_checked(scopes), **fields
    )
    return token, plain


def _checked(scopes: Collection[str]) -> list[str]:
    """The scopes, each once and in one order. Raises DocumentError."""
    known: list[str] = TokenScope.values
    if not scopes or not set(scopes) <= set(known):
        what = f"must name at least one of {' and '.join(known)}, and nothing else"
        raise DocumentError([Problem("/scopes", what)])
    return [scope for scope in known if scope in scopes]


def _locked(token: RouterToken) -> RouterToken:
    rows = RouterToken.objects.select_for_update(of=("self",))
    return rows.select_related("environment__workflow__team").get(pk=token.pk)


def _require_manager(acting_user: User, environment: Environment) -> None:
    team = environment.workflow.team
    if not can(acting_user, "manage_tokens", team):
        who = " or ".join(roles_with("manage_tokens"))
        raise Refused(
            Reason(
                "role",
                f"Only {who} of {team} may manage router tokens of {environment}.",
                "Ask one of them.",
            )
        )


def _note(action: str, token: RouterToken, acting_user: User, **detail: str) -> None:
    audit.record(
        action,
        token,
        acting_user=acting_user,
        workflow=token.environment.workflow,
        detail={
            "environment": token.environment.name,
            "name": token.name,
            "hint": token.hint,
            "scopes": " ".join(token.scopes),
            **detail,
        },
    )
