"""Releases in memory: loaded from the database, verified once, handed out many times.

Each request asks the database one indexed question: is this token good, and which release is
active where it leads? So a revoked token and a new release take effect at once, in every
process. Bodies are loaded, verified and packed only when that answer names a new one. When
the database is down, what it last confirmed goes on being served, and is marked as such.
"""

from __future__ import annotations

import datetime
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import Error as DatabaseError
from django.db.models import FilteredRelation, Q
from django.utils import timezone

from policies.delivery import bearer, signing
from policies.delivery.answers import Denial, Found, Source, Unavailable, VerifiedRelease
from policies.engine import digest
from policies.models import PersonalToken, Release, RouterToken
from policies.models.tokens import TokenScope

logger = logging.getLogger(__name__)

REMEMBERED_TOKENS = 20_000
ASK_AGAIN_AFTER_S = 2.0
UNAVAILABLE = Unavailable("The database does not answer. Go on with the last release.", 5)
UNVERIFIED = Unavailable(
    "The release in force does not verify and is not handed out. Go on with the last release.", 60
)


@dataclass(frozen=True)
class _Known:
    """What the database last said about a token."""

    environment_id: int
    expires_at: datetime.datetime | None


@dataclass(frozen=True)
class _Held:
    """What an environment's routers get, and when the database last said so (monotonic, s)."""

    release: VerifiedRelease | None
    confirmed_at: float


class _Row(NamedTuple):
    """The database's answer about a token; `active_…` are of the release in force, if any."""

    token_id: int
    environment_id: int
    expires_at: datetime.datetime | None
    revoked_at: datetime.datetime | None
    scopes: list[str]
    last_used_at: datetime.datetime | None
    fetched_id: int | None
    active_id: int | None
    active_signature: str | None


class DatabaseSnapshots:
    """The `Snapshots` of a process that reaches the console's own database."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: OrderedDict[str, _Known] = OrderedDict()
        self._releases: dict[int, _Held] = {}
        self._ask_again_at = float("-inf")

    def find(self, token: str) -> Found | Denial | Unavailable:
        """The release a token leads to, as the database has it now or last had it."""
        key = bearer.token_hash(token)
        if not self._may_ask():
            return self._from_memory(key)
        try:
            outcome = self._from_database(key, token)
        except DatabaseError:
            logger.warning("Delivery goes on from memory: the database does not answer.")
            self._ask_again_at = self._clock() + ASK_AGAIN_AFTER_S
            return self._from_memory(key)
        self._ask_again_at = float("-inf")
        return outcome

    def forget(self) -> None:
        """Start from nothing, as a new process does."""
        with self._lock:
            self._tokens.clear()
            self._releases.clear()
            self._ask_again_at = float("-inf")

    def _may_ask(self) -> bool:
        """True while the database answers; when it does not, for one request every so often."""
        now = self._clock()
        with self._lock:
            if self._ask_again_at == float("-inf"):
                return True
            if now < self._ask_again_at:
                return False
            # The one that asks may wait long for a dead server; the others must not.
            self._ask_again_at = now + 10 * ASK_AGAIN_AFTER_S
            return True

    def _from_database(self, key: str, token: str) -> Found | Denial | Unavailable:
        row = _token_row(key)
        denial = _denial_of_stranger(key, token) if row is None else _denial_of_router(row)
        if row is None or denial is not None:
            self._drop(key)
            return denial or Denial.UNKNOWN
        self._remember(key, _Known(row.environment_id, row.expires_at))
        outcome = self._current(row)
        is_active = isinstance(outcome, Found) and outcome.source is Source.DATABASE
        told = row.active_id if is_active else row.fetched_id
        RouterToken.objects.note_fetch(row.token_id, row.last_used_at, row.fetched_id, told)
        return outcome

    def _current(self, row: _Row) -> Found | Unavailable:
        """The active release, from memory when it is the same one; the last good if it is bad."""
        held = self._releases.get(row.environment_id)
        release = held.release if held is not None else None
        if row.active_id is None:
            release = None
        elif release is None or release.signature != row.active_signature:
            loaded = _load_verified(row.active_id)
            if loaded is None:
                return UNVERIFIED if held is None else self._last_good(held)
            release = loaded
        self._releases[row.environment_id] = _Held(release, self._clock())
        return Found(release)

    def _from_memory(self, key: str) -> Found | Denial | Unavailable:
        with self._lock:
            known = self._tokens.get(key)
        if known is None:
            return UNAVAILABLE
        if _has_expired(known.expires_at):
            return Denial.EXPIRED
        held = self._releases.get(known.environment_id)
        return UNAVAILABLE if held is None else self._last_good(held)

    def _last_good(self, held: _Held) -> Found:
        return Found(held.release, Source.MEMORY, int(self._clock() - held.confirmed_at))

    def _remember(self, key: str, known: _Known) -> None:
        with self._lock:
            self._tokens[key] = known
            self._tokens.move_to_end(key)
            while len(self._tokens) > REMEMBERED_TOKENS:
                self._tokens.popitem(last=False)

    def _drop(self, key: str) -> None:
        with self._lock:
            self._tokens.pop(key, None)


def _token_row(key: str) -> _Row | None:
    active = FilteredRelation(
        "environment__releases", condition=Q(environment__releases__retired_at=None)
    )
    found: tuple[Any, ...] | None = (
        RouterToken.objects.annotate(active=active)
        .filter(hash=key)
        .values_list(
            "pk",
            "environment_id",
            "expires_at",
            "revoked_at",
            "scopes",
            "last_used_at",
            "fetched_release_id",
            "active__pk",
            "active__signature",
        )
        .first()
    )
    return None if found is None else _Row(*found)


def _has_expired(expires_at: datetime.datetime | None) -> bool:
    return expires_at is not None and expires_at <= timezone.now()


def _denial_of(token: _Row | PersonalToken) -> Denial | None:
    if token.revoked_at is not None:
        return Denial.REVOKED
    return Denial.EXPIRED if _has_expired(token.expires_at) else None


def _denial_of_router(row: _Row) -> Denial | None:
    return _denial_of(row) or (None if TokenScope.READ in row.scopes else Denial.SCOPE)


def _denial_of_stranger(key: str, token: str) -> Denial:
    if token.startswith(bearer.PERSONAL_PREFIX):
        row = PersonalToken.objects.filter(hash=key, user__is_active=True).first()
        if row is not None:
            return _denial_of(row) or Denial.PERSONAL
    return Denial.UNKNOWN


def _load_verified(release_id: int) -> VerifiedRelease | None:
    """The release, if its signature holds and the bundle in it is the one it states."""
    row = Release.objects.select_related("bundle").filter(pk=release_id).first()
    if row is None:
        return None
    body = row.body.encode("utf-8")
    if not signing.verify(body, row.signature, signing.published_keys()) or not _agrees(row):
        logger.error("Release %s does not verify; it is not handed out.", release_id)
        return None
    return VerifiedRelease.of(body, row.etag, row.signature)


def _agrees(row: Release) -> bool:
    document = json.loads(row.body)
    stated = document["release"]
    return bool(
        digest(document["bundle"]) == stated["digest"] == row.bundle.digest
        and stated["number"] == row.number
    )


snapshots = DatabaseSnapshots()
