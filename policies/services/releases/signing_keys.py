"""The life of signing keys: prepared ahead, switched to, retired, answered for when stolen.

Whoever does this has a shell on the host: it is done by command, and recorded without a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from policies.delivery.body import utc_text
from policies.delivery.signing import jws
from policies.delivery.signing.chain import active_signer, add_key, replace_chain
from policies.governance.refusals import Reason, Refused
from policies.models import SigningKey
from policies.services.releases.key_records import note_key
from policies.services.releases.sealing import seal_all_anew


def standby_key() -> SigningKey | None:
    """The key that routers know already and that has not signed yet."""
    return SigningKey.objects.filter(activated_at=None, revoked_at=None).first()


def find_key(name: str) -> SigningKey:
    """A key by its number or by how its `kid` begins. Raises Refused."""
    by_number = name.isascii() and name.isdigit() and len(name) < 7
    called = {"sequence": int(name)} if by_number else {"kid__startswith": name}
    found = list(SigningKey.objects.filter(**called)[:2])
    if len(found) != 1 or not name:
        raise Refused(Reason("key", f"No one key is called {name}.", "Use a number of the list."))
    return found[0]


@transaction.atomic
def prepare_key(jwk: Mapping[str, Any]) -> SigningKey:
    """Publish the next key, endorsed by the active one. `jwk` is its public half.

    Routers take it up within the hour; until it is switched to, it signs nothing.
    """
    standby = standby_key()
    if standby is not None:
        sentence = f"Key {standby.sequence} is on standby already; routers take up one at a time."
        raise Refused(Reason("standby", sentence, "Switch to it by `manage.py keys rotate`."))
    if SigningKey.objects.filter(kid=jwk.get("kid", "")).exists():
        raise Refused(Reason("key", "This key is published already.", "Make another one."))
    key = add_key(jwk, endorsed_by=active_signer())
    note_key("signing_key.prepared", key)
    return key


def switch_keys() -> tuple[SigningKey, int]:
    """Sign with the standby key from now on, which the settings name by now, and sign anew what is
    in force. Gives the key and how many releases. Raises Refused where there is nothing to switch.
    """
    with transaction.atomic():
        standby = standby_key()
        signer = active_signer()
        key = SigningKey.objects.get(kid=signer.kid)
        if key == standby:
            note_key("signing_key.rotated", key)
    return key, seal_all_anew(key.kid)


@transaction.atomic
def end_key(key: SigningKey, reason: str, *, as_compromised: bool) -> SigningKey:
    """Have routers believe a key no more, by the word of the active one, which must be later."""
    signer = active_signer()
    active = SigningKey.objects.get(kid=signer.kid)
    if not reason.strip():
        raise Refused(Reason("reason", "Say why, with --reason.", "It is kept in the audit trail."))
    if key.sequence >= active.sequence:
        sentence = f"Key {active.sequence}, which is active, cannot speak against {key}."
        resolve = "Only a later key can: switch to the standby first, by `manage.py keys rotate`."
        raise Refused(Reason("rank", sentence, resolve))
    if key.revoked_as == SigningKey.Revoked.COMPROMISED or (key.revoked_at and not as_compromised):
        raise Refused(Reason("state", f"{str(key).capitalize()} is {key.state} already.", ""))
    seal_all_anew(active.kid)  # or what is in force would verify no more
    kinds = SigningKey.Revoked
    key.revoked_as = kinds.COMPROMISED if as_compromised else kinds.RETIRED
    key.revoked_at = timezone.now()
    key.revocation = jws.revocation(
        signer,
        kid=key.kid,
        sequence=key.sequence,
        reason=key.revoked_as,
        revoked_at=utc_text(key.revoked_at),
    )
    key.save(update_fields=["revoked_as", "revoked_at", "revocation"])
    action = "signing_key.revoked" if as_compromised else "signing_key.retired"
    note_key(action, key, reason=reason.strip())
    return key


def start_over(reason: str) -> tuple[SigningKey, int]:
    """Begin a new chain with the key that the settings name, which no router knows.

    For when every key is lost: routers refuse what it signs until they are given it by hand.
    """
    if not reason.strip():
        raise Refused(Reason("reason", "Say why, with --reason.", "It is kept in the audit trail."))
    with transaction.atomic():
        key = replace_chain()
        note_key("signing_key.started_over", key, reason=reason.strip())
    return key, seal_all_anew(key.kid)
