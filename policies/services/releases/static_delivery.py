"""Keeps the active releases as objects, where `ROUTING_CONSOLE_PUBLISH_TO` says so."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from policies.delivery import signing
from policies.delivery.static.objects import Objects, StoreError
from policies.delivery.static.writing import (
    Publication,
    has_keys,
    is_current,
    write_keys,
    write_release,
)
from policies.delivery.verifying import verified
from policies.models import Release

logger = logging.getLogger(__name__)
UNVERIFIED = "does not verify and is not written"
# Environments at a time: a store answers after tens of milliseconds, however little it is asked.
AT_ONCE = 16

Keys = Mapping[str, Any]


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
    return _publish(objects, _active(only))


def publish_environment(objects: Objects, environment_id: int) -> None:
    """Write the release in force in one environment; raises StoreError."""
    for result in _publish(objects, _active().filter(environment=environment_id)):
        if result.trouble:
            raise StoreError(result.trouble)


def compare(objects: Objects, only: str = "") -> list[Result]:
    """What `publish_all` would change; writes nothing."""
    keys = signing.published_keys()
    document = _document(keys)
    results = _of_each(_active(only), lambda release: _compare(objects, release, keys, document))
    return results if has_keys(objects, "", document) else _all_changed(results)


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
            logger.info("Static delivery of %s is as it should be again.", result.place)


def _active(only: str = "") -> QuerySet[Release]:
    workflow, _, environment = only.partition("/")
    rows = Release.objects.active().select_related("workflow", "environment", "bundle")
    rows = rows.defer("bundle__content")
    if workflow:
        rows = rows.filter(workflow__slug=workflow)
    if environment:
        rows = rows.filter(environment__name=environment)
    return rows.order_by("workflow__slug", "environment__name")


def _publish(objects: Objects, releases: QuerySet[Release]) -> list[Result]:
    """Write these releases and the keys beside them, again until nothing new was published and no
    key rotated meanwhile.

    A store without conditional writes lets a writer that is late put an older release, or keys,
    over those of another. It finds here that they are older, and puts that right.
    """
    results: dict[int, Result] = {}
    keys: Keys | None = None
    tags: Mapping[int, str] = {}
    with objects.alone():
        while (now := _in_force(releases)) != (keys, tags):
            due = [pk for pk, tag in now[1].items() if now[0] != keys or tags.get(pk) != tag]
            results |= _write(objects, releases.filter(environment__in=due), now[0])
            keys, tags = now
    return list(results.values())


def _in_force(releases: QuerySet[Release]) -> tuple[Keys, Mapping[int, str]]:
    """The keys, and the entity tag of each environment's release."""
    return signing.published_keys(), dict(releases.values_list("environment_id", "etag"))


def _write(objects: Objects, releases: Iterable[Release], keys: Keys) -> dict[int, Result]:
    """Write releases as they are now; results by environment."""
    document = _document(keys)
    keys_changed = write_keys(objects, "", document)
    found = list(releases)
    results = _of_each(found, lambda release: _write_one(objects, release, keys, document))
    results = _all_changed(results) if keys_changed else results
    return {release.environment_id: result for release, result in zip(found, results, strict=True)}


def _of_each(releases: Iterable[Release], work: Callable[[Release], Result]) -> list[Result]:
    """What becomes of each, some at a time. `work` asks the store, never the database."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="static-delivery") as pool:
        return list(pool.map(work, releases))


def _write_one(objects: Objects, release: Release, keys: Keys, document: bytes) -> Result:
    """Write one release and the keys beside it; trouble is in the result, not raised."""
    publication = _publication(release, keys)
    if publication is None:
        return _result(release, trouble=f"{_named(release)} {UNVERIFIED}.")
    try:
        # A key is there before the first signature that needs it.
        keys_changed = write_keys(objects, publication.folder, document)
        changed = write_release(objects, publication)
    except StoreError as error:
        return _result(release, trouble=str(error))
    return _result(release, changed=changed or keys_changed)


def _compare(objects: Objects, release: Release, keys: Keys, document: bytes) -> Result:
    publication = _publication(release, keys)
    if publication is None:
        return _result(release, trouble=f"{_named(release)} {UNVERIFIED}.")
    folder = publication.folder
    body, signature = objects.get(f"{folder}/policy.json"), objects.get(f"{folder}/policy.jws")
    is_there = is_current(publication, body, signature) and has_keys(objects, folder, document)
    return _result(release, changed=not is_there)


def _document(keys: Keys) -> bytes:
    """The JWK Set as an object."""
    return json.dumps(keys).encode("utf-8")


def _all_changed(results: Iterable[Result]) -> list[Result]:
    """The keys at the top are those of every environment."""
    return [replace(result, changed=True) for result in results]


def _publication(release: Release, keys: Keys) -> Publication | None:
    """The release as it may be written; None where it does not verify."""
    sound = verified(
        release.body,
        release.etag,
        release.signature,
        number=release.number,
        bundle_digest=release.bundle.digest,
        keys=keys,
    )
    return None if sound is None else Publication(_place(release), sound)


def _place(release: Release) -> str:
    return f"{release.workflow.slug}/{release.environment.name}"


def _named(release: Release) -> str:
    return f"Release {release.number} of {_place(release)}"


def _result(release: Release, *, changed: bool = False, trouble: str = "") -> Result:
    return Result(_place(release), release.number, changed, trouble)
