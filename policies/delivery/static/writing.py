"""Which objects make up static delivery, and the order in which they are written.

    <workflow>/<environment>/policy.json    the exact signed body
    <workflow>/<environment>/policy.jws     its detached signature
    <workflow>/<environment>/jwks.json      the keys
    <workflow>/<environment>/releases/…     each release, for ever
    jwks.json                               the keys

A reader fetches body and signature one after the other, so that it may meet one of each release.
It sees that the signature does not hold, and asks again. That this passes is what the order and
the comparisons here are for: however writers cross or die, the next one completes the pair.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass

from policies.delivery.answers import VerifiedRelease
from policies.delivery.static.objects import Changed, Kept, Kind, Objects, StoreError

MOST_TRIES = 5
_CURRENT = "public, max-age=10, stale-if-error=86400"
_FOR_EVER = "public, max-age=31536000, immutable"
_JSON, _JOSE, _JWKS = "application/json", "application/jose", "application/jwk-set+json"


class NewerThere(StoreError):
    """The store holds a newer release than the one that was to be written."""


@dataclass(frozen=True, order=True)
class Mark:
    """What tells which of two releases is newer; `not_after` in whole seconds of the epoch."""

    number: int
    not_after: int


@dataclass(frozen=True)
class Publication:
    """A verified release and where it belongs. `folder` is `workflow/environment`."""

    folder: str
    release: VerifiedRelease

    @property
    def mark(self) -> Mark:
        mark = mark_of(self.release.body, self.folder)
        if mark is None:
            raise ValueError(f"The release is not one of {self.folder}.")
        return mark


def write_keys(objects: Objects, folder: str, jwks: bytes) -> bool:
    """Write the JWK Set; whether that changed anything. `folder` "" is the top."""
    path = _keys_path(folder)
    for _ in range(MOST_TRIES):
        there = objects.get(path)
        if there is not None and there.body == jwks:
            return False
        try:
            objects.put(path, jwks, Kind(_JWKS, _CURRENT), instead_of=there)
        except Changed:
            continue
        return True
    raise StoreError(f"{path} is changed by others all the time.")


def has_keys(objects: Objects, folder: str, jwks: bytes) -> bool:
    """Whether the JWK Set there is this one; `folder` "" is the top."""
    there = objects.get(_keys_path(folder))
    return there is not None and there.body == jwks


def write_release(objects: Objects, publication: Publication) -> bool:
    """Write a release in place of an older one; whether that changed anything.

    Raises NewerThere rather than write an older one over a newer.
    """
    for _ in range(MOST_TRIES):
        # The signature is read first: whoever completes a newer pair meanwhile changes it, too.
        signature, body = (
            objects.get(f"{publication.folder}/{name}") for name in ("policy.jws", "policy.json")
        )
        if is_current(publication, body, signature):
            return False
        _refuse_to_go_back(objects, publication, body)
        try:
            _write_pair(objects, publication, body, signature)
        except Changed:
            continue
        return True
    raise StoreError(f"{publication.folder} is changed by others all the time.")


def is_current(publication: Publication, body: Kept | None, signature: Kept | None) -> bool:
    """Whether body and signature there are those of the publication."""
    if body is None or signature is None:
        return False
    wanted = publication.release
    return (body.body, signature.body) == (wanted.body, wanted.signature.encode("ascii"))


def _keys_path(folder: str) -> str:
    return f"{folder}/jwks.json".lstrip("/")


def _refuse_to_go_back(objects: Objects, publication: Publication, body: Kept | None) -> None:
    there = None if body is None else mark_of(body.body, publication.folder)
    if there is not None and there > publication.mark:
        raise NewerThere(
            f"{objects.address.rstrip('/')}/{publication.folder} holds release {there.number}, "
            f"which is newer than release {publication.mark.number}. If this console was restored "
            "from a backup, remove policy.json there; if another console writes there, give each "
            "a prefix of its own."
        )


def _write_pair(
    objects: Objects, publication: Publication, body: Kept | None, signature: Kept | None
) -> None:
    release, folder = publication.release, publication.folder
    signed = release.signature.encode("ascii")
    mark = publication.mark
    for ending, content, media in (("json", release.body, _JSON), ("jws", signed, _JOSE)):
        path = f"{folder}/releases/{mark.number}-{mark.not_after}.{ending}"
        if objects.get(path) is None:
            objects.put(path, content, Kind(media, _FOR_EVER), instead_of=None)
    if body is None or body.body != release.body:
        objects.put(f"{folder}/policy.json", release.body, Kind(_JSON, _CURRENT), instead_of=body)
    objects.put(f"{folder}/policy.jws", signed, Kind(_JOSE, _CURRENT), instead_of=signature)


def mark_of(body: bytes, folder: str) -> Mark | None:
    """The mark of a release of this workflow and environment; None for anything else."""
    try:
        document = json.loads(body)
        stated = document["release"]
        number, moment = int(stated["number"]), str(stated["not_after"])
        not_after = datetime.datetime.fromisoformat(moment)
        of = f"{document['workflow']}/{document['environment']}"
    except (ValueError, KeyError, TypeError):
        return None
    return Mark(number, int(not_after.timestamp())) if of == folder else None
