"""What each further look at one sealed share costs in certainty.

Every candidate that is tried on the same conversations is a look, against whatever baseline. Look k
gets the share 1/(k·(k+1)) of the error that a gate allows, half of it, a sixth, a twelfth …; the
shares add up to at most 1, so that by Bonferroni's inequality any number of looks together passes
by chance as seldom as one gate may. A fail by chance gains nobody anything and costs no more at
the tenth look than at the first, so it is judged at the gate's own confidence.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from evaluations.replay.wording import share
from policies.engine.thresholds import Threshold


@dataclass(frozen=True)
class Try:
    """One run on a plan: `what` is the candidate's meaning and the terms it was run under;
    `baseline` the intent it was compared with, empty for none."""

    what: tuple[str, Mapping[str, Any]]
    baseline: str
    at: datetime.datetime


def look_number(
    tries: Iterable[Try],
    what: tuple[str, Mapping[str, Any]],
    baseline: str,
    since: datetime.datetime | None,
) -> int:
    """Which look at a sealed share this is, of all since a moment (None: ever) and of all against
    this baseline whenever they were; the oldest come first.

    What was tried before keeps its place. So whatever was tried elsewhere meanwhile, all that are
    judged against one baseline have places of their own, and Bonferroni's inequality holds.
    """
    counted = [one for one in tries if since is None or one.at >= since or one.baseline == baseline]
    against_it = [one for one in counted if one.baseline == baseline]
    return max(_place(what, counted), _place(what, against_it))


def _place(what: tuple[str, Mapping[str, Any]], tries: Iterable[Try]) -> int:
    before: list[tuple[str, Mapping[str, Any]]] = []
    for one in tries:
        if one.what == what:
            break
        if one.what not in before:
            before.append(one.what)
    return len(before) + 1


def confidence_at(confidence: float, look: int) -> float:
    """The confidence that a gate of this one is judged at, as look 1, 2, …; 0 is no look."""
    return 1 - (1 - confidence) / (look * (look + 1)) if look else confidence


def at_look(threshold: Threshold, look: int) -> Threshold:
    """The threshold at the confidence that its pass needs."""
    return replace(threshold, confidence=confidence_at(threshold.confidence, look))


def look_sentence(look: int, confidence: float = 0.95) -> str:
    """What a look, on pages a try, does to a gate of this confidence; empty where it is none."""
    if not look:
        return ""
    raised, own = share(confidence_at(confidence, look)), share(confidence)
    return (
        f"Try {look} on this sealed share: a gate of {own} confidence passes at {raised} and "
        f"fails at {own}."
    )
