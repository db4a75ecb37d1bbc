"""The first signing key, and what the audit trail keeps of each."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from policies.delivery.signing.chain import active_signer
from policies.models import SigningKey
from policies.services import audit
from policies.services.waking import write_all_objects_after_commit


@transaction.atomic
def publish_first_key(acting_user: User | None = None) -> SigningKey | None:
    """Publish the key that the settings name, or that is made here, where none is published yet:
    routers can be given it before there is a release. None, and nothing is done, where one is.

    Only for what prepares a console or publishes; whatever serves routers makes no key. Raises
    SigningUnavailable.
    """
    if SigningKey.objects.exists():
        return None
    key = SigningKey.objects.get(kid=active_signer().kid)
    note_key("signing_key.published", key, acting_user)
    return key


def note_key(action: str, key: SigningKey, acting_user: User | None = None, **detail: str) -> None:
    """Keep on record what became of a key, and have it published as an object, too."""
    said = {"number": key.sequence, "kid": key.kid, **detail}
    audit.record(action, key, acting_user=acting_user, detail=said)
    write_all_objects_after_commit()
