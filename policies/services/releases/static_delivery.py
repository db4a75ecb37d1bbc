"""Keeps the active releases as objects, where `ROUTING_CONSOLE_PUBLISH_TO` says so."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from policies.delivery import signing
from policies.delivery.static.objects import Objects, StoreError
from policies.delivery.static.writing import (
    NewerThere,
    Publication,
    is_current,
    write_keys,
    write_release,
)
from policies.delivery.verifying import verified
from policies.models import Release

logger = logging.getLogger(__name__)
UNVERIFIED = "does not verify and is not written"


@dataclass(frozen=True)
class Result:
    """What became of an environment's objects. `trouble` is a sentence, "" where there is none."""

    place: str
    release_number: int
    changed: bool
    trouble: str = ""


def configured() -> Objects | None:
    """The place that the settings name, None where static delivery is off."""
    address: str = settings.PUBLISH_TO
    return Objects.at(address) if address else None


def publish_all(objects: Objects, only: str = "") -> list[Result]:
    """Write what is not as the database has it. `only` is `workflow` or `workflow/environment`.

    What one environment's objects meet holds up no other's. Raises StoreError where the store
    cannot be used at all.
    """
    keys = signing.published_keys()
    document = json.dumps(keys).encode("utf-8")
    with objects.alone():
        write_keys(objects, "", document)
        return [_publish(objects, release, document) for release in _active(only)]


def publish_environment(objects: Objects, environment_id: int) -> None:
    """Write the release in force in one environment; raises StoreError."""
    document = json.dumps(signing.published_keys()).encode("utf-8")
    with objects.alone():
        write_keys(objects, "", document)
        # Read only now: whoever waited for the lock writes what is in force, not what was.
        for release in _active().filter(environment=environment_id):
            result = _publish(objects, release, document)
            if result.trouble:
                raise StoreError(result.trouble)


def compare(objects: Objects, only: str = "") -> list[Result]:
    """What `publish_all` would change; writes nothing."""
    return [_compare(objects, release) for release in _active(only)]


def publish_as_configured(environment_id: int) -> None:
    """Write one environment's release where the settings say so; raises StoreError."""
    objects = configured()
    if objects is not None:
        publish_environment(objects, environment_id)


def repair_as_configured() -> None:
    """Write whatever is not as it should be where the settings say so: keys that were rotated,
    and releases whose own task never came to its end.
    """
    objects = configured()
    if objects is None:
        return
    for result in publish_all(objects):
        if result.trouble:
            logger.error("Static delivery: %s", result.trouble)
        elif result.changed:
            logger.warning("Static delivery of %s was behind and is mended.", result.place)


def _active(only: str = "") -> QuerySet[Release]:
    workflow, _, environment = only.partition("/")
    rows = Release.objects.active().select_related("workflow", "environment", "bundle")
    if workflow:
        rows = rows.filter(workflow__slug=workflow)
    if environment:
        rows = rows.filter(environment__name=environment)
    return rows.order_by("workflow__slug", "environment__name")


def _publish(objects: Objects, release: Release, jwks: bytes) -> Result:
    """Write one release and the keys beside it; trouble is in the result, not raised."""
    publication = _publication(release)
    if publication is None:
        return _result(release, trouble=f"{_named(release)} {UNVERIFIED}.")
    try:
        # A key is there before the first signature that needs it.
        keys_changed = write_keys(objects, publication.folder, jwks)
        changed = write_release(objects, publication)
    except NewerThere as error:
        successor = _active().filter(environment=release.environment_id).first()
        if successor is not None and successor.etag != release.etag:
            return _publish(objects, successor, jwks)
        return _result(release, trouble=str(error))
    except StoreError as error:
        return _result(release, trouble=str(error))
    return _result(release, changed=changed or keys_changed)


def _compare(objects: Objects, release: Release) -> Result:
    publication = _publication(release)
    if publication is None:
        return _result(release, trouble=f"{_named(release)} {UNVERIFIED}.")
    folder = publication.folder
    body, signature = objects.get(f"{folder}/policy.json"), objects.get(f"{folder}/policy.jws")
    return _result(release, changed=not is_current(publication, body, signature))


def _publication(release: Release) -> Publication | None:
    """The release as it may be written; None where it does not verify."""
    sound = verified(
        release.body,
        release.etag,
        release.signature,
        number=release.number,
        bundle_digest=release.bundle.digest,
        keys=signing.published_keys(),
    )
    return None if sound is None else Publication(_place(release), sound)


def _place(release: Release) -> str:
    return f"{release.workflow.slug}/{release.environment.name}"


def _named(release: Release) -> str:
    return f"Release {release.number} of {_place(release)}"


def _result(release: Release, *, changed: bool = False, trouble: str = "") -> Result:
    return Result(_place(release), release.number, changed, trouble)
