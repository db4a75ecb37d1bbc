"""The chain of keys in the database: which one signs, and what is published of all.

A key is prepared (endorsed by the active one and published) before it signs, so that routers know
it by then. Which key signs is what the settings say; here is seen to it that it may.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from policies.delivery.body import utc_text
from policies.delivery.signing import jws
from policies.delivery.signing.signers import (
    Signer,
    SigningUnavailable,
    configured_signer,
    key_file,
    new_key_file,
    published_form,
)
from policies.models import SigningKey


def sign(body: bytes) -> str:
    """A detached JWS over the exact bytes with the active key. Raises SigningUnavailable."""
    return jws.detached(active_signer(), body)


def active_signer() -> Signer:
    """The signer that the settings name, once it is sure that it may sign: the first key ever, the
    active one, or the standby, which becomes active by this. Raises SigningUnavailable.
    """
    newest = SigningKey.objects.order_by("-sequence").first()
    signer = configured_signer()
    if signer is None:
        if newest is not None:
            raise SigningUnavailable(
                f"{key_file()} is not there, but routers know key {newest.kid} and would refuse "
                "another one.",
                "Restore the file from a backup; else let the standby take over, by `manage.py "
                "keys rotate --from FILE`; with neither, see docs/keys.md.",
            )
        signer = new_key_file(key_file())
    if newest is None:
        add_key(signer.public_jwk, endorsed_by=signer, is_active=True)
        return signer
    row = SigningKey.objects.filter(kid=signer.kid).first()
    if row is None:
        raise SigningUnavailable(
            f"The key that the settings name, {signer.kid}, is none that routers know.",
            "Prepare it with the key of before, by `manage.py keys prepare --public-key FILE`.",
        )
    _require_live(row)
    if row.activated_at is None:
        _activate(row)
    if not row.endorsements:
        _endorse(row, signer)  # published before keys were endorsed
    return signer


def add_key(jwk: Any, *, endorsed_by: Signer, is_active: bool = False) -> SigningKey:
    """Publish a key as the next one."""
    now = timezone.now()
    public = published_form(jwk)
    newest = SigningKey.objects.order_by("-sequence").first()
    row = SigningKey(
        kid=public["kid"],
        public_jwk=public,
        sequence=1 if newest is None else newest.sequence + 1,
        created_at=now,
    )
    row.endorsements = [_endorsement(row, endorsed_by)]
    row.save(force_insert=True)
    if is_active:
        _activate(row)
    return row


def published_keys() -> dict[str, Any]:
    """The JWK Set of every key, `revoked` ones apart; needs no private key at hand."""
    rows = SigningKey.objects.order_by("sequence")
    live = [_entry(row) for row in rows if row.revoked_at is None]
    revoked = [
        {
            **_entry(row),
            "revocation": {
                "reason": row.revoked_as,
                "revoked_at": utc_text(row.revoked_at),
                "signature": row.revocation,
            },
        }
        for row in rows
        if row.revoked_at is not None
    ]
    return {"keys": live, "revoked": revoked}


def _entry(row: SigningKey) -> dict[str, Any]:
    return {
        **row.public_jwk,
        "sequence": row.sequence,
        "created_at": utc_text(row.created_at),
        "endorsements": row.endorsements,
    }


def _endorsement(row: SigningKey, signer: Signer) -> str:
    return jws.endorsement(
        signer,
        kid=row.kid,
        x=row.public_jwk["x"],
        sequence=row.sequence,
        created_at=utc_text(row.created_at),
    )


def _endorse(row: SigningKey, signer: Signer) -> None:
    row.endorsements = [_endorsement(row, signer)]
    row.save(update_fields=["endorsements"])


def _require_live(row: SigningKey) -> None:
    ended = row.revoked_at or row.retired_at
    if ended is not None:
        raise SigningUnavailable(
            f"Key {row.sequence} ({row.kid}), which this process has, signs no more since "
            f"{ended:%d %B %Y %H:%M} UTC.",
            "Restart it with the key that is active now: `manage.py keys list` names it.",
        )


@transaction.atomic
def _activate(row: SigningKey) -> None:
    now = timezone.now()
    active = SigningKey.objects.filter(activated_at__isnull=False, retired_at=None)
    active.exclude(pk=row.pk).update(retired_at=now)
    SigningKey.objects.filter(pk=row.pk, activated_at=None).update(activated_at=now)


@transaction.atomic
def replace_chain() -> SigningKey:
    """A key that nothing endorses but itself becomes the active one: the end of an old chain."""
    signer = configured_signer() or new_key_file(key_file())
    if SigningKey.objects.filter(kid=signer.kid).exists():
        raise SigningUnavailable(
            f"Key {signer.kid} is one of the chain that there is.",
            "Make another one, and name it in the settings.",
        )
    standby = SigningKey.objects.filter(activated_at=None)
    standby.update(activated_at=timezone.now(), retired_at=timezone.now())
    return add_key(signer.public_jwk, endorsed_by=signer, is_active=True)
