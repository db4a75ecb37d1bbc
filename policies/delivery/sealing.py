"""A release becomes what routers receive: exact body, entity tag and signature."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.delivery.body import etag, release_body
from policies.delivery.signing import sign


@dataclass(frozen=True)
class SealedRelease:
    """`signature` is a detached JWS over the UTF-8 bytes of `body`; `etag` has its quotes."""

    body: str
    etag: str
    signature: str


def seal_release(
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
) -> SealedRelease:
    """Write and sign a release. `digest` is the bundle's, as `sha256:<hex>`."""
    body = release_body(
        workflow_slug=workflow_slug,
        environment_name=environment_name,
        number=number,
        digest=digest,
        published_at=published_at,
        not_after=not_after,
        approved_by=approved_by,
        when_stale=when_stale,
        bundle=bundle,
        attestation=attestation,
    )
    tag = etag(digest=digest, number=number, not_after=not_after)
    return SealedRelease(body=body, etag=tag, signature=sign(body.encode("utf-8")))
