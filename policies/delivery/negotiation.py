"""Content coding and conditional requests (RFC 9110, 12.5.3 and 13.1.2), and how long a router
would wait (RFC 7240, 4.3). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

from policies.delivery.answers import NO_RANK, Rank

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
# As `body.etag` makes it, in either coding.
_RELEASE_TAG = re.compile(r'"[0-9a-f]+\.(\d{1,15})\.(\d{1,15})(?:-gzip)?"', re.ASCII)
# A quote that never ends takes all that follows it, so that nothing is read twice: these are
# read on the event loop, of anybody.
_PREFERENCE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+', re.DOTALL)
_WAIT = re.compile(r'\s*wait\s*=\s*(?:(\d+)|"(\d+)")\s*(?:;.*)?\Z', re.IGNORECASE)
# Preferences and codings in more characters than this are passed over, as both may be.
LONGEST_WISH = 1_000
_QUALITY = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\Z")


def prefers_gzip(accept_encoding: str | None) -> bool:
    """Whether gzip may be sent and is liked at least as well as plain bytes.

    Without the header plain bytes are sent, so that a bare `curl` shows text.
    """
    if accept_encoding is None or len(accept_encoding) > LONGEST_WISH:
        return False
    liked = _qualities(accept_encoding)
    gzip = liked.get("gzip", liked.get("x-gzip", liked.get("*", 0.0)))
    # Plain bytes are acceptable unless ruled out, but least liked unless named.
    identity = liked.get("identity", 0.0)
    return gzip > 0 and gzip >= identity


def any_tag_matches(if_none_match: str | None, etags: Collection[str]) -> bool:
    """The weak comparison that `If-None-Match` asks for; `*` matches whatever there is."""
    if if_none_match is None:
        return False
    if is_any_tag(if_none_match):
        return True
    return any(found in etags for found in _TAG.findall(if_none_match))


def is_any_tag(if_none_match: str | None) -> bool:
    """Whether it names no tag but `*`."""
    return if_none_match is not None and if_none_match.strip() == "*"


def latest_named(if_none_match: str | None) -> Rank:
    """The rank of the latest release that a tag of it names: the highest number, and of those under
    the same the one renewed last; `NO_RANK` where it names none."""
    return max(map(rank_of, _TAG.findall(if_none_match or "")), default=NO_RANK)


def rank_of(etag: str) -> Rank:
    """The rank of the release that a tag names; the lowest for a tag of another form."""
    parts = _RELEASE_TAG.fullmatch(etag)
    return (int(parts[1]), int(parts[2])) if parts else NO_RANK


def preferred_wait_s(prefer: str | None) -> int:
    """Seconds that `Prefer: wait=N` asks to be held; 0 without it, or where N is no number.

    The first `wait` counts, as RFC 7240 (section 2) says of preferences named twice.
    """
    if prefer is None or len(prefer) > LONGEST_WISH:
        return 0
    for preference in _PREFERENCE.findall(prefer):
        found = _WAIT.match(preference)
        if found:
            return int((found[1] or found[2])[:9])
    return 0


def _qualities(accept_encoding: str) -> dict[str, float]:
    liked: dict[str, float] = {}
    for part in accept_encoding.split(","):
        name, _, parameters = part.partition(";")
        liked[name.strip().lower()] = _quality(parameters)
    liked.pop("", None)
    return liked


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            value = value.strip()
            return float(value) if _QUALITY.match(value) else 0.0
    return 1.0
