"""No release leaves before its signature holds and the bundle in it is the one it states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from policies.delivery import signing
from policies.delivery.answers import VerifiedRelease
from policies.engine import digest


def verified(
    body: str,
    etag: str,
    signature: str,
    *,
    number: int,
    bundle_digest: str,
    keys: Mapping[str, Any],
) -> VerifiedRelease | None:
    """The release, packed; None where any of it does not agree.

    `number` and `bundle_digest` are what its row says, `keys` the JWK Set that may have signed it.
    """
    release = verified_as_it_states(body, etag, signature, keys)
    if release is None:
        return None
    stated = json.loads(body)["release"]
    agrees = (stated["number"], stated["digest"]) == (number, bundle_digest)
    return release if agrees else None


def verified_as_it_states(
    body: str, etag: str, signature: str, keys: Mapping[str, Any]
) -> VerifiedRelease | None:
    """The same of a release without its row: signed, and with the digest of its bundle."""
    data = body.encode("utf-8")
    if not signing.verify(data, signature, keys):
        return None
    try:
        document = json.loads(data)
        holds = digest(document["bundle"]) == document["release"]["digest"]
    except (ValueError, KeyError, TypeError):
        return None
    return VerifiedRelease.of(data, etag, signature) if holds else None
