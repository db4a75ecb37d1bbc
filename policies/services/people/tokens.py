"""Personal tokens: issued to and revoked by their person. Plain text is shown once."""

from __future__ import annotations

import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from policies.delivery import bearer
from policies.governance.origin import current_origin
from policies.governance.refusals import Reason, Refused
from policies.models import PersonalToken
from policies.services import audit


@transaction.atomic
def issue_personal_token(
    user: User,
    name: str,
    *,
    acting_user: User | None,
    expires_at: datetime.datetime | None = None,
) -> tuple[PersonalToken, str]:
    """A token that acts as its person over REST, and its plain text, which is not kept.

    No `acting_user`: whoever runs commands on the host, who is not known by name; the audit trail
    must not say that the person did it.
    """
    on_the_host = acting_user is None and current_origin().way == "command"
    if not (on_the_host or acting_user == user) or not user.is_active:
        raise Refused(Reason("role", "A personal token is issued by the person it acts for."))
    plain = bearer.mint(bearer.PERSONAL_PREFIX)
    fields = bearer.checked_fields(name, plain, expires_at)
    token = PersonalToken.objects.create(user=user, **fields)
    audit.record(
        "personal_token.issued",
        token,
        acting_user=acting_user,
        detail={"user": user.get_username(), "name": token.name, "hint": token.hint},
    )
    return token, plain


@transaction.atomic
def revoke_personal_token(token: PersonalToken, *, acting_user: User) -> PersonalToken:
    """End a token at once: one's own, or as a superuser anybody's."""
    token = PersonalToken.objects.select_for_update().get(pk=token.pk)
    if acting_user.pk != token.user_id and not acting_user.is_superuser:
        raise Refused(Reason("role", "Only its person may revoke a personal token."))
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        audit.record(
            "personal_token.revoked",
            token,
            acting_user=acting_user,
            detail={"name": token.name, "hint": token.hint},
        )
    return token


def personal_token_user(plain: str) -> User | None:
    """The active person a personal token acts for, or None when it is not or no longer valid."""
    if not plain.startswith(bearer.PERSONAL_PREFIX):
        return None
    usable = PersonalToken.objects.usable().select_related("user")
    token = usable.filter(hash=bearer.token_hash(plain), user__is_active=True).first()
    if token is None:
        return None
    PersonalToken.objects.note_use(token.pk, token.last_used_at)
    return token.user
