"""One router's copy of its release: fetched, verified, kept on disk, never lost to a failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from .errors import ClientError, FetchFailed, NoUsableRelease, ReleaseRefused
from .keyring import FixedKeyring, PinnedKeyring
from .releases import Mark, Release, Sealed, open_release, refuse_replay
from .state import StateFolder
from .transport import Transport

Say = Callable[[str], None]


@dataclass
class Health:
    """How polling goes; times in seconds of the epoch. What a status report will say."""

    last_success_at: float | None = None
    last_error: str = ""
    failures: int = 0
    retry_after_s: float = 0.0


class Poller:
    """Fetches on demand; a thread of its own is the caller's business."""

    def __init__(
        self,
        transport: Transport,
        state: StateFolder,
        keyring: FixedKeyring | PinnedKeyring,
        *,
        say: Say,
        expect: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._state = state
        self._keyring = keyring
        self._say = say
        self._expect = expect
        self._clock = clock
        self._etag = ""
        self._newest: Mark | None = state.load_newest()
        self.release: Release | None = None
        self.health = Health()

    def load(self) -> None:
        """Take the last good release from disk; it is verified again, and damage only told."""
        sealed = self._state.load_release()
        if sealed is None:
            if self._state.has_release():
                self._say("The release on disk is damaged and not used.")
            return
        try:
            release = open_release(sealed, self._keyring.pinned_key_for, "disk")
            self._refuse_foreign(release)
            refuse_replay(release, self._newest)
        except ClientError as error:
            self._say(f"The release on disk is not used. {error}")
            return
        self._newest = release.mark
        self._etag = sealed.etag
        self._take(release)

    def poll(self) -> bool:
        """Ask the console once. False on any failure, which leaves everything as it was."""
        try:
            sealed = self._transport.fetch_policy(self._etag)
            if sealed is not None:
                self._adopt(sealed)
        except ClientError as error:
            self._note_failure(error)
            return False
        self.health = Health(last_success_at=self._clock())
        return True

    def usable_release(self) -> Release:
        """The release to decide with now; raises NoUsableRelease."""
        release = self.release
        if release is None:
            raise NoUsableRelease("There is no release yet.")
        if not release.may_decide(self._clock()):
            raise NoUsableRelease(
                f"Release {release.number} may be used until {release.not_after.isoformat()}, "
                "and its workflow refuses to decide with a stale release."
            )
        return release

    def _adopt(self, sealed: Sealed) -> None:
        """Verify, parse and write; only when all of that is done does anything change here."""
        release = open_release(sealed, self._keyring.key_for, "network")
        self._refuse_foreign(release)
        refuse_replay(release, self._newest)
        if not release.may_decide(self._clock()):
            raise ReleaseRefused(
                f"Release {release.number} was to be used until {release.not_after.isoformat()} "
                "only, and its workflow refuses stale releases."
            )
        self._state.save_release(sealed)
        self._etag, self._newest = sealed.etag, release.mark
        self._take(release)
        self._state.save_newest(release.mark)

    def _refuse_foreign(self, release: Release) -> None:
        of = f"{release.workflow}/{release.environment}"
        if self._expect and of != self._expect:
            raise ReleaseRefused(f"The release is for {of}, not for {self._expect} as expected.")

    def _take(self, release: Release) -> None:
        before, self.release = self.release, release
        if before is None or before.mark != release.mark:
            self._say(str(release))
        if release.is_stale(self._clock()):
            self._say(f"Release {release.number} is stale since {release.not_after.isoformat()}.")

    def _note_failure(self, error: ClientError) -> None:
        sentence = str(error)
        if sentence != self.health.last_error:
            on = f" Going on with release {self.release.number}." if self.release else ""
            self._say(f"{sentence}{on}")
        wish = error.retry_after_s if isinstance(error, FetchFailed) else 0.0
        self.health = Health(
            last_success_at=self.health.last_success_at,
            last_error=sentence,
            failures=self.health.failures + 1,
            retry_after_s=wish,
        )
