"""The release body that routers receive, as exact text, and its entity tag. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from policies.engine import canonical_bytes

SCHEMA = 1


def utc_text(moment: datetime.datetime) -> str:
    """RFC 3339 in UTC with `Z`; fractions of a second only when there are any."""
    return moment.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


def release_body(
    *,
    workflow_slug: str,
    environment_name: str,
    number: int,
    digest: str,
    published_at: datetime.datetime,
    not_after: datetime.datetime,
    approved_by: Sequence[str],
    when_stale: str,
    bundle: Mapping[str, object],
    attestation: Mapping[str, object] | None = None,
) -> str:
    """The JSON text of a release, canonical, so that equal releases are equal bytes.

    Releases of before have no attestation, and go on without one. `not_after` is written in whole
    seconds, as the entity tag has it: one must not change without the other.
    """
    document: dict[str, object] = {
        "schema": SCHEMA,
        "workflow": workflow_slug,
        "environment": environment_name,
        "release": {
            "number": number,
            "digest": digest,
            "published_at": utc_text(published_at),
            "not_after": utc_text(not_after.replace(microsecond=0)),
            "approved_by": list(approved_by),
            "when_stale": when_stale,
        },
        "bundle": dict(bundle),
        "rollout": None,
    }
    if attestation:
        document["attestation"] = dict(attestation)
    return canonical_bytes(document).decode("utf-8")


def etag(*, digest: str, number: int, not_after: datetime.datetime) -> str:
    """A strong entity tag, in its quotes: `"<digest hex>.<number>.<not_after epoch>"`."""
    return f'"{digest.removeprefix("sha256:")}.{number}.{int(not_after.timestamp())}"'
