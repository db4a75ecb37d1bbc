"""What a process serves from: the last holdings, who calls, and how old what is known is.

The loader's thread brings holdings; the event loop's thread asks. Each attribute is replaced
whole, never changed in place, so neither waits for the other.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from policies.delivery.answers import (
    NO_RANK,
    READ,
    Denial,
    Found,
    KnownToken,
    Rank,
    Source,
    Unavailable,
)
from policies.delivery.bearer import bearer_token, is_miscopied
from policies.delivery.holdings import Holdings
from policies.delivery.limits import Bucket, jittered

# The check comes every second; one that hangs is no confirmation.
CONFIRMED_FOR_S = 5.0
# Who names another release's tag for longer did not just miss the moment of its publication.
BEHIND_AFTER_S = 20.0
NOTHING_KNOWN = "The policy is not known here yet. Go on with the last release."
UNVERIFIED = "The release in force does not verify and is not handed out. Go on with the last one."

Clock = Callable[[], float]


class Caller(Bucket):
    """A router token as this process meets it: how fast it asks, which release it last named.

    `reads_until`: until when it may surely read policy (monotonic, s). `used_at` is when it last
    named the tag of the release `told_release_id`, `looked_at` when it asked otherwise, and
    `behind_at` when some router with it named another release's tag, `BEHIND_AFTER_S` after one was
    first sent the one in force here; these are monotonic, too, and 0 before the first time.
    """

    __slots__ = (
        "_named",
        "_named_at",
        "_sent_release_id",
        "_sent_since",
        "behind_at",
        "environment_id",
        "looked_at",
        "reads_until",
        "token",
        "told_release_id",
        "used_at",
    )

    def __init__(self) -> None:
        super().__init__()
        self.told_release_id: int | None = None
        self.used_at = self.looked_at = self.behind_at = 0.0
        self._sent_release_id: int | None = None
        self._sent_since = 0.0
        # The latest release that it named where an older one is held, and when first.
        self._named = NO_RANK
        self._named_at = 0.0

    def is_of(self, token: KnownToken, left_s: float, now: float) -> None:
        """What the database says of it now: this token, with so many seconds left."""
        self.token, self.environment_id = token, token.environment_id
        self.reads_until = now + left_s if READ in token.scopes else float("-inf")

    def note_answer(self, status: int, release_id: int | None, tag: object, now: float) -> None:
        """It named the tag of this release where the answer is 304. What it is sent otherwise may
        never arrive: its next poll tells. `tag`: what it named, None for nothing."""
        if status == 304:
            self.told_release_id, self.used_at = release_id, now
            return
        self.looked_at = now
        if release_id != self._sent_release_id:
            self._sent_release_id, self._sent_since = release_id, now
        elif tag is not None and now - self._sent_since >= BEHIND_AFTER_S:
            self.behind_at = now

    def note_named(self, rank: Rank, now: float) -> None:
        """It has a release of this rank, and was not given the one held."""
        if rank > self._named:
            self._named, self._named_at = rank, now

    def named_before(self, moment: float) -> Rank:
        """The latest release of those that it was not given, if it had named that by then."""
        return self._named if self._named_at < moment else NO_RANK


class Memory:
    """The `Snapshots` of a plane.

    `jitter` makes of a wait in seconds the one that is told, so that tests can do without chance.
    """

    def __init__(
        self,
        clock: Clock = time.monotonic,
        wall_clock: Clock = time.time,
        jitter: Callable[[int], int] = jittered,
    ) -> None:
        self.clock, self.wall_clock, self.jitter = clock, wall_clock, jitter
        self.holdings: Holdings | None = None
        self.callers: Mapping[bytes, Caller] = {}
        self.version = 0  # counts what may change an answer
        self.confirmed_at = float("-inf")
        self.looked_from = float("-inf")  # when the last look that went well began
        self._is_cut_off = True

    # --- What the loader brings -------------------------------------------------------------
    def adopt(self, holdings: Holdings, age_s: float | None = None) -> None:
        """Serve from these from now on; what is known of each caller stays.

        `age_s`: how long ago the database confirmed them; None: it does so now.
        """
        before, callers = self.callers, {}
        now, wall_now = self.clock(), self.wall_clock()
        for key, token in holdings.tokens.items():
            if isinstance(token, KnownToken):
                callers[key] = caller = before.get(key) or Caller()
                caller.is_of(token, token.expires_at - wall_now, now)
        self._is_cut_off = age_s is not None
        self.confirmed_at = self.clock() - (age_s or 0.0)
        self.holdings, self.callers = holdings, callers
        self.version += 1

    def confirm(self) -> None:
        """The database says that this is still how it is."""
        self.confirmed_at = self.clock()
        if self._is_cut_off:
            self._is_cut_off = False
            self.version += 1

    def cut_off(self) -> None:
        """The database does not answer."""
        if not self._is_cut_off:
            self._is_cut_off = True
            self.version += 1

    # --- What is asked ----------------------------------------------------------------------
    def find(self, token: str) -> Found | Denial | Unavailable:
        """The release that a token's text leads to."""
        known = self.token_of_text(token)
        if not isinstance(known, KnownToken):
            return known
        if READ not in known.scopes:
            return Denial.SCOPE
        outcome = self.found(known.environment_id)
        if not isinstance(outcome, Found) or outcome.source is not Source.DATABASE:
            return outcome
        # By token, so that a stolen one cannot have others given what is older than they have.
        caller = self.callers.get(token_key(token.encode("utf-8", "surrogateescape")))
        named = NO_RANK if caller is None else caller.named_before(self.looked_from)
        return replace(outcome, latest_up_to=named)

    def token_of(self, authorization: bytes) -> KnownToken | Denial | Unavailable:
        """The token of an `Authorization` header's value, whatever it may do."""
        text = bearer_token(authorization.decode("latin-1"))
        if not text:
            return Denial.MISSING
        return Denial.MISCOPIED if is_miscopied(text) else self.token_of_text(text)

    def token_of_text(self, text: str) -> KnownToken | Denial | Unavailable:
        """What is known of a token by its text."""
        if self.holdings is None:
            return Unavailable(NOTHING_KNOWN, self.jitter(5))
        key = token_key(text.encode("utf-8", "surrogateescape"))
        known = self.holdings.tokens.get(key)
        if known is None:
            return self._denial_of_stranger(key, self.holdings)
        if isinstance(known, KnownToken) and known.expires_at <= self.wall_clock():
            return Denial.EXPIRED
        return known

    def found(self, environment_id: int) -> Found | Unavailable:
        """What routers of an environment get now, and how old that is."""
        if self.holdings is None:
            return Unavailable(NOTHING_KNOWN, self.jitter(5))
        held = self.holdings.releases.get(environment_id)
        if held is None:
            return self._dated(Found(None))
        if held.unverified_since is None:
            return self._dated(Found(held.release))
        if held.release is None:
            return Unavailable(UNVERIFIED, self.jitter(30))
        age_s = self.clock() - held.unverified_since
        return Found(held.release, Source.MEMORY, max(int(age_s), 0))

    def told_id(self, environment_id: int) -> int | None:
        """The release in force that routers of an environment are told of; None for an older."""
        held = self.holdings.releases.get(environment_id) if self.holdings else None
        return held.release_id if held is not None and held.unverified_since is None else None

    def unchanged_until(self, found: Found) -> float:
        """When `found` will be said differently without anything having happened (monotonic, s):
        its age is told in whole seconds."""
        if found.source is Source.DATABASE:
            return self.confirmed_at + CONFIRMED_FOR_S
        return self.clock() + 0.5

    @property
    def age_s(self) -> float:
        """Seconds since the database last confirmed what is served; `inf` before it ever did."""
        return self.clock() - self.confirmed_at

    @property
    def is_fresh(self) -> bool:
        """Whether the database confirmed it a moment ago."""
        return not self._is_cut_off and self.age_s < CONFIRMED_FOR_S

    def _dated(self, found: Found) -> Found:
        if self.is_fresh:
            return found
        return Found(found.release, Source.MEMORY, max(int(self.age_s), 0))

    def _denial_of_stranger(self, key: bytes, holdings: Holdings) -> Denial:
        ends = holdings.personal.get(key)
        if ends is None:
            return Denial.UNKNOWN
        return Denial.EXPIRED if ends <= self.wall_clock() else Denial.PERSONAL


def token_key(text: bytes) -> bytes:
    """How tokens are looked up: the SHA-256 of their text, as `bearer.token_hash` has it in hex."""
    return hashlib.sha256(text).digest()
