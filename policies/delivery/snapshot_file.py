"""What a plane knows, on disk, so that it starts and serves with everything else down.

The file holds tokens as hashes, signed releases and public keys; nobody but its owner reads it. It
is sealed with a key derived from the console's secret key, and each release in it is verified
again. Its time of change is when the database last confirmed it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import math
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from policies.client.state import write_atomically
from policies.delivery.answers import Denial, KnownToken
from policies.delivery.holdings import HeldRelease, Holdings
from policies.delivery.verifying import verified_as_it_states

logger = logging.getLogger(__name__)
FORMAT = 1
CONFIRM_EVERY_S = 5.0


class SnapshotFile:
    """One file, which any number of processes may write: each writes it whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._confirmed_at = float("-inf")
        self._has_failed = False

    def save(self, holdings: Holdings) -> bool:
        """Write it, whole or not at all; whether that was possible."""
        try:
            data = json.dumps(_to_json(holdings)).encode("utf-8")
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, _seal(data).encode("ascii") + b"\n" + data)
        except OSError as error:
            self._note_failure(error)
            return False
        self._has_failed = False
        self._confirmed_at = time.monotonic()
        return True

    def confirm(self) -> None:
        """Note that what is in it is still so."""
        now = time.monotonic()
        # After a failed write it lacks what is newest, and has to look as old as it is.
        if self._has_failed or now - self._confirmed_at < CONFIRM_EVERY_S:
            return
        self._confirmed_at = now
        try:
            os.utime(self._path)
        except OSError as error:
            self._note_failure(error)

    def load(self) -> tuple[Holdings, float] | None:
        """What it holds and how many seconds old that is; None without a good file."""
        try:
            age_s = max(time.time() - self._path.stat().st_mtime, 0.0)
            seal, _, data = self._path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.warning(
                "%s cannot be read (%s); the plane starts without it.", self._path, error
            )
            return None
        if not hmac.compare_digest(seal, _seal(data).encode("ascii")):
            logger.error("%s was not written by this console; it is not used.", self._path)
            return None
        document = json.loads(data)
        return (_from_json(document), age_s) if document["format"] == FORMAT else None

    def _note_failure(self, error: OSError) -> None:
        if not self._has_failed:
            logger.warning("%s cannot be written (%s); delivery goes on.", self._path, error)
        self._has_failed = True


def _seal(data: bytes) -> str:
    key = hashlib.sha256(b"delivery snapshot\0" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, data, hashlib.sha256).hexdigest()


# --- The document ---------------------------------------------------------------------------
def _to_json(holdings: Holdings) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "jwks": holdings.jwks.decode("utf-8"),
        "tokens": dict(_tokens_to_json(holdings)),
        "environments": {
            str(token.environment_id): [token.workflow, token.environment]
            for token in holdings.tokens.values()
            if isinstance(token, KnownToken)
        },
        "personal": {key.hex(): _finite(ends) for key, ends in holdings.personal.items()},
        "releases": {
            str(environment_id): {
                "id": held.release_id if held.unverified_since is None else None,
                "body": held.release.body.decode("utf-8"),
                "etag": held.release.etag,
                "signature": held.release.signature,
            }
            for environment_id, held in holdings.releases.items()
            if held.release is not None
        },
    }


def _tokens_to_json(holdings: Holdings) -> Iterator[tuple[str, Any]]:
    for key, token in holdings.tokens.items():
        if isinstance(token, KnownToken):
            ends = _finite(token.expires_at)
            yield key.hex(), [token.id, token.environment_id, sorted(token.scopes), ends]
        else:
            yield key.hex(), token.name


def _from_json(document: dict[str, Any]) -> Holdings:
    keys = json.loads(document["jwks"])
    releases = {}
    for environment_id, kept in document["releases"].items():
        release = verified_as_it_states(kept["body"], kept["etag"], kept["signature"], keys)
        if release is None:
            logger.error("A release in the snapshot does not verify; it is not handed out.")
            continue
        releases[int(environment_id)] = HeldRelease(kept["id"], kept["signature"], release)
    names = document.get("environments", {})  # a file of an earlier version has none
    return Holdings(
        tokens={
            bytes.fromhex(key): _token(kept, names) for key, kept in document["tokens"].items()
        },
        personal={bytes.fromhex(k): _ending(ends) for k, ends in document["personal"].items()},
        releases=releases,
        jwks=document["jwks"].encode("utf-8"),
    )


def _token(kept: Any, names: Mapping[str, list[str]]) -> KnownToken | Denial:
    if isinstance(kept, str):
        return Denial[kept]
    pk, environment_id, scopes, ends = kept
    workflow, environment = names.get(str(environment_id), ("", ""))
    return KnownToken(pk, environment_id, frozenset(scopes), _ending(ends), workflow, environment)


def _finite(moment: float) -> float | None:
    return None if moment == math.inf else moment


def _ending(kept: float | None) -> float:
    return math.inf if kept is None else kept
