"""Secrets of webhooks: derived from the installation's key and a salt, never kept."""

from __future__ import annotations

import datetime
import secrets

from django.conf import settings
from django.utils.crypto import salted_hmac

from policies.models import Webhook
from policies.notifications.signing import PREFIX, secret_text

HINT_LENGTH = len(PREFIX) + 4


class KeyChanged(Exception):
    """DJANGO_SECRET_KEY is another than when the secret was issued."""


def new_salt() -> str:
    return secrets.token_hex(32)


def issue(salt: str) -> tuple[str, str]:
    """The secret of a salt as its receiver keeps it, and its hint."""
    plain = secret_text(_derive(settings.SECRET_KEY, salt))
    return plain, plain[:HINT_LENGTH]


def keys_of(webhook: Webhook, now: datetime.datetime) -> list[bytes]:
    """The keys that sign now: the present one, and the one before it while both are valid."""
    keys = [_key(webhook.secret_salt, webhook.secret_hint)]
    if webhook.previous_until is not None and now < webhook.previous_until:
        keys.append(_key(webhook.previous_salt, webhook.previous_hint))
    return keys


def _key(salt: str, hint: str) -> bytes:
    for secret_key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        key = _derive(secret_key, salt)
        if secret_text(key).startswith(hint):
            return key
    raise KeyChanged


def _derive(secret_key: str | bytes, salt: str) -> bytes:
    return salted_hmac("policies.webhook", salt, secret_key, algorithm="sha256").digest()
