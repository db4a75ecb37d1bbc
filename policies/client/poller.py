"""One router's copy of its release: fetched, verified, in force, kept on disk; never lost to a
failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from .error_log import ErrorLog
from .errors import (
    BadSignature,
    ClientError,
    FetchFailed,
    Interrupted,
    NoUsableRelease,
    StateUnusable,
)
from .keyring import Keyring
from .releases import (
    Held,
    Mark,
    Release,
    Sealed,
    open_release,
    refuse_foreign,
    refuse_older,
    refuse_replay,
    refuse_stale,
)
from .state import StateFolder
from .transport import Fetched
from .troubles import why_unusable

Say = Callable[[str], None]

# Statuses with which a proxy ends a wait that is too long for it; 0 is a broken connection.
CUT = frozenset({0, 408, 502, 504})
# What fails sooner was not cut, but never began.
CUT_AFTER_S = 1.0
TORN_PAUSE_S = 0.2


class ReleaseSource(Protocol):
    """Where releases come from. `tries` is more than 1 where body and signature are fetched one
    after the other, and may belong to two releases."""

    tries: int

    def fetch_policy(self, held: Held | None, *, wait_s: float = 0.0) -> Fetched: ...


@dataclass(frozen=True)
class Progress:
    """How polling goes; times in seconds of the epoch.

    `confirmed_at` is when the console last knew the release to be in force. That is earlier than
    its last answer where a plane answered that is cut off.
    """

    last_success_at: float | None = None
    confirmed_at: float | None = None
    last_error: str = ""
    failures: int = 0
    retry_after_s: float = 0.0


@dataclass(frozen=True)
class Polled:
    """What came of a poll: whether it was answered, whether the console held it, whether it brought
    a release, and whether a wait was cut in between; how long it took, in seconds."""

    ok: bool
    held: bool = False
    new: bool = False
    cut: bool = False
    took_s: float = 0.0


class Poller:
    """Fetches on demand; a thread of its own is the caller's business. Thread-safe."""

    def __init__(
        self,
        source: ReleaseSource,
        state: StateFolder,
        keyring: Keyring,
        *,
        say: Say,
        expect: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self.tries = source.tries
        self._state = state
        self._keyring = keyring
        self._say = say
        self._expect = expect
        self._clock = clock
        self._lock = threading.Lock()
        self._newest: Mark | None = state.load_newest()
        self._kept: Held | None = None
        self.held: Held | None = None
        self.progress = Progress()
        self.errors = ErrorLog()
        self.disk_trouble = ""

    @property
    def release(self) -> Release | None:
        return self.held.release if self.held is not None else None

    @property
    def belongs_to(self) -> str:
        """`workflow/environment` of the release, before the first one as expected, else ""."""
        release = self.release
        return self._expect if release is None else release.belongs_to

    def load(self) -> None:
        """Take the last good release from disk; it is verified again, and damage only told."""
        sealed = self._state.load_release()
        if sealed is None:
            if self._state.has_release():
                self._say("The release on disk is damaged and not used.")
            return
        try:
            release = open_release(sealed, self._keyring.key_of_kept, "disk")
            refuse_foreign(release, self._expect)
            refuse_replay(release, self._floor)
        except ClientError as error:
            self._say(f"The release on disk is not used. {error}")
            return
        self._kept = self._take(release, sealed)
        confirmed_at = self._state.confirmed_at()
        self.progress = Progress(confirmed_at, confirmed_at)

    def poll(self, *, wait_s: float = 0.0) -> Polled:
        """Ask the console once; `wait_s` asks it to hold the question. Any failure leaves
        everything as it was. A wait that was cut is not a failure: ask again without one.
        """
        before, began = self.release, time.monotonic()
        try:
            fetched = self._fetch(wait_s)
        except Interrupted:
            return Polled(ok=False)
        except ClientError as error:
            took_s = time.monotonic() - began
            status = error.status if isinstance(error, FetchFailed) else None
            if wait_s and status in CUT and took_s >= CUT_AFTER_S:
                return Polled(ok=False, cut=True, took_s=took_s)
            self._note_failure(str(error), error)
            return Polled(ok=False, took_s=took_s)
        except Exception as error:  # a router must outlive a fault of ours, and tell it
            self._note_failure(f"The poll failed in a way it should not: {error!r}.", error)
            return Polled(ok=False, took_s=time.monotonic() - began)
        self._note_success(fetched)
        new = self.release is not before
        return Polled(ok=True, held=fetched.held, new=new, took_s=time.monotonic() - began)

    def usable_release(self) -> Release:
        """The release to decide with now; raises NoUsableRelease."""
        release = self.release
        why = why_unusable(release, self._clock())
        if release is None or why:
            raise NoUsableRelease(why)
        return release

    @property
    def is_compromised(self) -> bool:
        """Whether the release held was signed with a key that is compromised since. It goes on
        being used: nothing else may be left to decide with."""
        release = self.release
        return release is not None and self._keyring.is_compromised(release.kid)

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self.errors.after_fork()

    def _fetch(self, wait_s: float) -> Fetched:
        for left in reversed(range(self.tries)):
            fetched = self._source.fetch_policy(self._known, wait_s=wait_s)
            try:
                with self._lock:
                    if fetched.sealed is not None:
                        self._adopt(fetched.sealed, fetched.cut_off_s)
                    self._keep()
                    self._keyring.refresh()
            except BadSignature:
                if not left:
                    raise
                time.sleep(TORN_PAUSE_S)
            else:
                break
        return fetched

    def _adopt(self, sealed: Sealed, cut_off_s: float | None) -> None:
        """Verify and parse; only when all of that is done does anything change here."""
        release = open_release(sealed, self._keyring.key_for, "network")
        refuse_foreign(release, self._expect)
        if cut_off_s is not None:
            refuse_older(release, self._floor, self._clock() - cut_off_s)
        refuse_replay(release, self._floor)
        refuse_stale(release, self._clock())
        self._take(release, sealed)

    def _keep(self) -> None:
        """Write what is in force to disk, if it is not there yet. Failing that costs a sentence:
        the release is in force, and the next poll tries again."""
        held = self.held
        if held is None or held is self._kept:
            return
        try:
            if not self._is_superseded(held.release.mark):
                self._state.save_release(held.sealed)
                self._state.save_newest(held.release.mark)
        except StateUnusable as error:
            if not self.disk_trouble:
                self._say(f"Release {held.release.number} is in force but not kept. {error}")
            self.disk_trouble = str(error)
            self.errors.note("disk", str(error), self._clock())
        else:
            self._kept = held
            self.disk_trouble = ""

    def _is_superseded(self, mark: Mark) -> bool:
        """Whether another process that shares the folder keeps a newer release there."""
        there = self._state.load_newest()
        if there is None or self._keyring.is_compromised(there.kid):
            return False
        here = (mark.workflow, mark.environment)
        return (there.workflow, there.environment) == here and there.number > mark.number

    @property
    def _known(self) -> Held | None:
        """What need not be sent again. None while the release held is compromised: whoever made
        it may have chosen its number and end, so its tag, too."""
        return None if self.is_compromised else self.held

    @property
    def _floor(self) -> Mark | None:
        """What is older than this is a replay. The number of a release whose key turned out to be
        compromised counts for nothing: it may be forged, and shut the genuine ones out."""
        newest = self._newest
        if newest is not None and self._keyring.is_compromised(newest.kid):
            return replace(newest, number=0)
        return newest

    def _take(self, release: Release, sealed: Sealed) -> Held:
        before = self.release
        self._newest = release.mark
        self._keyring.note_accepted(release.kid)
        # One assignment, so that a child forked meanwhile has both of one kind.
        self.held = held = Held(release, sealed, self._clock())
        if before is None or before.mark != release.mark:
            self._say(str(release))
        if release.is_stale(self._clock()):
            self._say(f"Release {release.number} is stale since {release.not_after.isoformat()}.")
        return held

    def _note_success(self, fetched: Fetched) -> None:
        now = self._clock()
        confirmed_at = _confirmed_at(now, fetched.cut_off_s or 0.0, self.progress.confirmed_at)
        self.progress = Progress(now, confirmed_at, retry_after_s=fetched.retry_after_s)
        if self.held is self._kept:
            self._state.note_confirmed(confirmed_at)

    def _note_failure(self, sentence: str, error: Exception) -> None:
        if sentence != self.progress.last_error:
            said = sentence
            if self.release is not None:
                said = f"{sentence.removesuffix('.')}. Going on with release {self.release.number}."
            self._say(said)
        self.errors.note(_kind_of(error), sentence, self._clock())
        self.progress = Progress(
            last_success_at=self.progress.last_success_at,
            confirmed_at=self.progress.confirmed_at,
            last_error=sentence,
            failures=self.progress.failures + 1,
            retry_after_s=error.retry_after_s if isinstance(error, FetchFailed) else 0.0,
        )


def _confirmed_at(now: float, cut_off_s: float, before: float | None) -> float:
    """When the release was known to be in force: another plane may have known more before. What
    lies ahead of the clock was kept by a clock that was wrong."""
    if before is None or before > now:
        return now - cut_off_s
    return max(now - cut_off_s, before)


def _kind_of(error: Exception) -> str:
    """What the status report calls it."""
    if isinstance(error, FetchFailed):
        return "fetch"
    return "refused" if isinstance(error, ClientError) else "fault"
