"""Whether a reason says something, where one word would not do. Pure."""

from __future__ import annotations

import re

from policies.governance.refusals import Reason

LEAST_CHARACTERS = 20
LEAST_WORDS = 4
RESOLVE = "Say what is broken, for whom, and why it cannot wait for a review."


def too_little(reason: str, *said_already: str) -> Reason | None:
    """Why a reason is not enough: too short, or only what was said already; None where it is."""
    words = _words(reason)
    if len(reason.strip()) < LEAST_CHARACTERS or len(set(words)) < LEAST_WORDS:
        sentence = (
            f"The reason is too short: it takes {LEAST_CHARACTERS} characters and {LEAST_WORDS} "
            "different words."
        )
        return Reason("reason", sentence, RESOLVE)
    if any(words == _words(text) for text in said_already):
        return Reason("reason", "The reason only repeats the title or the reason why.", RESOLVE)
    return None


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
