"""Recorded error texts → the failure kinds that fallback rows are keyed by."""

import re
from functools import lru_cache

from policies.engine import FAILURE_KINDS

UNKNOWN = "server_error"
# First match wins, so the narrower words stand first ("insufficient_quota" comes as a 429).
WORDS: tuple[tuple[str, str], ...] = (
    ("quota_exhausted", r"usage.?limits?|quota|billing|insufficient.?funds|credit"),
    ("rate_limit", r"rate.?limit|too many requests|\b429\b"),
    ("context_window", r"context.?(length|window)|maximum context|too many tokens|prompt is too"),
    ("content_policy", r"content.?(policy|filter)|safety|moderation|blocked"),
    ("budget_exceeded", r"budget"),
    ("timeout", r"time.?out|timed out|deadline|\b408\b|\b504\b"),
    ("overloaded", r"overload|unavailable|capacity|\b503\b|\b529\b"),
    ("auth", r"unauthori[sz]ed|forbidden|api.?key|permission|\b401\b|\b403\b"),
    ("not_found", r"not.?found|does not exist|\b404\b"),
    ("capability_unsupported", r"unsupported|not supported"),
    ("stream_interrupted", r"stream|incomplete.?read"),
    ("network", r"connection|network|dns|reset by peer|ssl"),
    ("invalid_output", r"invalid.?(output|json)|parse|schema|malformed"),
    ("bad_request", r"bad.?request|invalid.?request|\b400\b|\b422\b"),
)
_PATTERNS = tuple((kind, re.compile(words)) for kind, words in WORDS)


@lru_cache(maxsize=4096)
def failure_kind(error: str) -> str:
    """The failure kind of a recorded error text; `server_error` when nothing is recognised."""
    text = error.strip().lower()
    if text in FAILURE_KINDS:
        return text
    return next((kind for kind, pattern in _PATTERNS if pattern.search(text)), UNKNOWN)
