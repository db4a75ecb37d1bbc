"""Signing what is in force: at publication, when half of its time is over, with another key."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from policies.delivery import signing
from policies.delivery.sealing import seal_release
from policies.delivery.signing import SigningUnavailable, jws
from policies.governance.refusals import Reason, Refused
from policies.models import Release
from policies.services import audit
from policies.services.releases.key_records import publish_first_key
from policies.services.waking import write_objects_after_commit

SECOND = datetime.timedelta(seconds=1)


def seal(release: Release, acting_user: User | None) -> None:
    """Give a release its body, entity tag and signature; publishes the first key where there is
    none yet. Raises Refused where nothing can sign."""
    try:
        publish_first_key(acting_user)
        sealed = seal_release(
            workflow_slug=release.workflow.slug,
            environment_name=release.environment.name,
            number=release.number,
            digest=release.bundle.digest,
            published_at=release.published_at,
            not_after=release.not_after,
            approved_by=release.approved_by,
            when_stale=release.environment.when_stale,
            bundle=release.bundle.content,
            attestation=release.attestation,
        )
    except SigningUnavailable as error:
        raise Refused(Reason("signing", error.sentence, error.resolve)) from error
    release.body, release.etag = sealed.body, sealed.etag
    release.signature = sealed.signature


def renew_releases(now: datetime.datetime | None = None) -> int:
    """Sign active releases past half their life anew, so that no router runs out of policy.

    The number and content stay; only `not_after` moves. Returns how many were renewed.
    """
    now = now or timezone.now()

    def is_due(release: Release) -> bool:
        return release.not_after - now <= _lifetime(release) / 2

    return _sealed_anew(now, is_due, "release.renewed")


def seal_all_anew(kid: str) -> int:
    """Sign with the active key, which this is, what another one had signed of all in force."""

    def is_due(release: Release) -> bool:
        return jws.signed_by(release.signature) != kid

    return _sealed_anew(timezone.now(), is_due, "release.signed_anew")


def signed_file(release: Release) -> dict[str, Any]:
    """A release as a file that `verify-release` judges: exact body, signature, published keys."""
    return {
        "body": release.body,
        "signature": release.signature,
        **signing.published_keys(),
    }


def _sealed_anew(now: datetime.datetime, is_due: Callable[[Release], bool], action: str) -> int:
    count = 0
    for pk in Release.objects.active().values_list("pk", flat=True):
        with transaction.atomic():
            rows = Release.objects.active().select_for_update(of=("self",))
            rows = rows.select_related("environment", "workflow", "bundle")
            release = rows.filter(pk=pk).first()
            if release is None or not is_due(release):
                continue
            # The entity tag has to change with the signature, and it tells whole seconds.
            release.not_after = max(now + _lifetime(release), release.not_after + SECOND)
            seal(release, None)
            release.save(update_fields=["not_after", "body", "etag", "signature"])
            _note(action, release)
            write_objects_after_commit(release.environment_id)
            count += 1
    return count


def _lifetime(release: Release) -> datetime.timedelta:
    return datetime.timedelta(days=release.environment.release_lifetime_days)


def _note(action: str, release: Release) -> None:
    audit.record(
        action,
        release,
        acting_user=None,
        workflow=release.workflow,
        after=release.bundle.digest,
        detail={"environment": release.environment.name, "number": release.number},
    )
