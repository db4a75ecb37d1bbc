"""Who has a release, in one sentence that is true of all kinds of routers. Pure."""

from __future__ import annotations

import datetime
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """How far a release has come, as of `now`.

    `have` of the `routers` that report themselves decide with it, the last of them since
    `last_at`. Of those that report nothing only tokens are known: `tokens_told` of `tokens` were
    told of it when a router last asked with them. `unheard` of the routers have not confirmed it
    and are silent, all of them since `unheard_since`. Under each of
    `shared` instance_ids two routers report, which confirm nothing; `shared_id` is one of them.
    `tokens_ended` were revoked or expired before their routers, which report nothing, had it.
    """

    have: int
    routers: int
    last_at: datetime.datetime | None
    tokens_told: int
    tokens: int
    now: datetime.datetime
    unheard: int = 0
    unheard_since: datetime.datetime | None = None
    shared: int = 0
    shared_id: str = ""
    tokens_ended: int = 0

    @property
    def sentence(self) -> str:
        """For whoever published: who has it, or why nothing can be said."""
        parts = [self._of_routers if self.routers else self._of_tokens]
        if self.unheard:
            parts.append(self.unheard_words)
        if self.shared:
            parts.append(self.shared_words)
        if self.routers and self.tokens:
            many = f"{self.tokens_told} of {self.tokens} token{'' if self.tokens == 1 else 's'}"
            parts.append(f"of routers that report no status, {many} fetched it")
        if self.tokens_ended:
            many = f"{self.tokens_ended} token{'' if self.tokens_ended == 1 else 's'}"
            parts.append(f"{many} revoked or expired within a day did not fetch it")
        return f"{'; '.join(parts)}."

    @property
    def unheard_words(self) -> str:
        """How many may run something else, and since when nobody can say."""
        since = f" since {clock_words(self.unheard_since, self.now)}" if self.unheard_since else ""
        return f"{self.unheard:,} not heard{since}"

    @property
    def shared_words(self) -> str:
        """Under which instance_ids nobody can say what runs."""
        if self.shared == 1:
            return f"two routers report under the instance_id {self.shared_id}"
        many = f"two routers each report under {self.shared:,} instance_ids"
        return f"{many}, {self.shared_id} among them"

    @property
    def _of_routers(self) -> str:
        since = ""
        if self.last_at is not None:
            one = "" if self.routers == 1 else "the last one "
            since = f", {one}since {clock_words(self.last_at, self.now)}"
        if not self.have:
            return f"None of {self.routers:,} router{'' if self.routers == 1 else 's'} has it yet"
        if self.have < self.routers:
            verb = "has" if self.have == 1 else "have"
            return f"{self.have:,} of {self.routers:,} routers {verb} it{since}"
        if self.routers == 1:
            return f"Its one router has it{since}"
        return f"All {self.routers:,} routers have it{since}"

    @property
    def _of_tokens(self) -> str:
        if not self.tokens:
            since = "any more" if self.tokens_ended else "yet"
            return f"No router has a token for this environment {since}"
        if not self.tokens_told:
            return "No router has asked for it yet"
        many = f"{self.tokens_told} of {self.tokens} router token{'' if self.tokens == 1 else 's'}"
        return f"Fetched with {many}; the routers behind them report no status"


def clock_words(moment: datetime.datetime, now: datetime.datetime) -> str:
    """``14:02`` of a moment of today, ``2 Mar 14:02`` of another, in UTC."""
    moment, now = moment.astimezone(datetime.UTC), now.astimezone(datetime.UTC)
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    return f"{moment:%-d %b %H:%M}" if moment.year == now.year else f"{moment:%-d %b %Y %H:%M}"


def delay_words(seconds: float | None) -> str:
    """How long it took: ``0.4 s``, ``12 s``, ``3 min``, ``2 h``."""
    if seconds is None:
        return "not yet"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} d"
