"""From the database to `Holdings`: all tokens, and those active releases that are not held yet."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from policies.delivery import signing
from policies.delivery.answers import Denial, KnownToken
from policies.delivery.holdings import HeldRelease, Holdings
from policies.delivery.verifying import verified
from policies.models import Environment, PersonalToken, Release, RouterToken

logger = logging.getLogger(__name__)


def load(before: Holdings, now: float) -> Holdings:
    """What the database says now. Raises its errors; `now` is monotonic, in s.

    A release that does not verify is not taken: the one held before goes on.
    """
    keys = signing.published_keys()
    personal, revoked = _personal_tokens()
    return Holdings(
        tokens=_router_tokens() | revoked,
        personal=personal,
        releases=_releases(before.releases, keys, now),
        jwks=json.dumps(keys).encode("utf-8"),
    )


def _router_tokens() -> dict[bytes, KnownToken | Denial]:
    found: dict[bytes, KnownToken | Denial] = {}
    rows = RouterToken.objects.values_list(
        "hash", "pk", "environment_id", "scopes", "expires_at", "revoked_at"
    )
    names = _names_of_environments()
    for key, pk, environment_id, scopes, expires_at, revoked_at in rows.iterator(chunk_size=5000):
        # An environment made meanwhile has its names with the next load.
        workflow, environment = names.get(environment_id, ("", ""))
        known = KnownToken(
            pk, environment_id, frozenset(scopes), _epoch(expires_at), workflow, environment
        )
        found[bytes.fromhex(key)] = known if revoked_at is None else Denial.REVOKED
    return found


def _names_of_environments() -> dict[int, tuple[str, str]]:
    """Workflow and environment by the environment's id."""
    rows = Environment.objects.values_list("pk", "workflow__slug", "name")
    return {pk: (workflow, name) for pk, workflow, name in rows}


def _personal_tokens() -> tuple[dict[bytes, float], dict[bytes, KnownToken | Denial]]:
    """When personal tokens end, and those that were revoked."""
    of_people = PersonalToken.objects.filter(user__is_active=True)
    revoked = of_people.exclude(revoked_at=None).values_list("hash", flat=True)
    usable = of_people.filter(revoked_at=None).values_list("hash", "expires_at")
    return (
        {bytes.fromhex(key): _epoch(expires_at) for key, expires_at in usable},
        {bytes.fromhex(key): Denial.REVOKED for key in revoked},
    )


def _epoch(moment: datetime | None) -> float:
    return math.inf if moment is None else moment.timestamp()


def _releases(
    before: Mapping[int, HeldRelease], keys: Mapping[str, Any], now: float
) -> dict[int, HeldRelease]:
    found = {}
    active = Release.objects.active().values_list("environment_id", "pk", "signature")
    for environment_id, pk, signature in active:
        held = before.get(environment_id)
        if held is None or held.unverified_since is not None or not held.is_of(pk, signature):
            held = _load(pk, signature, held, keys, now)
        found[environment_id] = held
    return found


def _load(
    pk: int, signature: str, before: HeldRelease | None, keys: Mapping[str, Any], now: float
) -> HeldRelease:
    row = Release.objects.select_related("bundle").get(pk=pk)
    release = verified(
        row.body,
        row.etag,
        row.signature,
        number=row.number,
        bundle_digest=row.bundle.digest,
        keys=keys,
    )
    if release is not None:
        return HeldRelease(pk, signature, release)
    logger.error("Release %s does not verify; it is not handed out.", pk)
    if before is None:
        return HeldRelease(pk, signature, None, now)
    since = now if before.unverified_since is None else before.unverified_since
    return HeldRelease(pk, signature, before.release, since)
