"""What is wrong with the release held, as time goes by: for decisions, health and status. Pure."""

from __future__ import annotations

from .error_log import LoggedError
from .releases import Release


def why_unusable(release: Release | None, now: float) -> str:
    """Why no request may be decided, `now` in seconds of the epoch; "" where one may."""
    if release is None:
        return "There is no release yet."
    if not release.may_decide(now):
        return (
            f"Release {release.number} may be used until {release.not_after.isoformat()}, "
            "and its workflow refuses to decide with a stale release."
        )
    return ""


def troubles_of(release: Release, now: float, *, is_compromised: bool) -> list[LoggedError]:
    """What people should know of a release that is held, each as an error of now.

    `is_compromised`: the key that signed it was revoked as compromised.
    """
    troubles = []
    if release.is_stale(now):
        sentence = why_unusable(release, now) or (
            f"Release {release.number} was to be used until {release.not_after.isoformat()}, "
            "and its workflow lets it be used on."
        )
        troubles.append(LoggedError("stale", sentence, now, 1))
    if is_compromised:
        sentence = (
            f"Release {release.number} is signed with key {release.kid}, which is compromised: "
            "somebody else may have made it. It goes on until there is one under another key."
        )
        troubles.append(LoggedError("compromised", sentence, now, 1))
    return troubles
