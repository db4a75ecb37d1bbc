"""Deriving flags from prompt text. RE2 is the engine's only optional dependency.

RE2 matches in linear time, so that no pattern in a policy can stall a router. Without it, a
bundle that uses a pattern is refused at load; nothing is ever decided with another matcher.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from unicodedata import normalize

from .errors import EngineError


def _import_re2() -> Any:
    """The google-re2 module, or None; imported by name, since its absence is a normal state."""
    return importlib.import_module("re2") if importlib.util.find_spec("re2") else None


_RE2 = _import_re2()


def text_matcher_available() -> bool:
    return _RE2 is not None


def pattern_problem(pattern: str) -> str:
    """Why RE2 refuses a pattern, or nothing; nothing either where RE2 is not installed."""
    if _RE2 is None:
        return ""
    try:
        _compiled(pattern)
    except _RE2.error as error:
        reason = error.args[0] if error.args else "it does not compile"
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return ""


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    if _RE2 is None:
        raise EngineError(
            "This bundle derives a flag with a pattern, which needs RE2: install google-re2 "
            "beside the engine, or use keywords."
        )
    options = _RE2.Options()
    options.log_errors = False
    return _RE2.compile(pattern, options)


def pattern_found(pattern: str, text: str) -> bool:
    """Whether an RE2 pattern is found anywhere in the text. Raises EngineError without RE2."""
    # Half a surrogate pair cannot be handed over as UTF-8; it becomes "?", which is what it means.
    return _compiled(pattern).search(text.encode("utf-8", "replace").decode()) is not None


def keyword_found(keywords: Iterable[str], text: str) -> bool:
    """Whether any keyword occurs in the text, as people read both: see ``folded``."""
    searched = folded(text)
    return any(folded(keyword) in searched for keyword in keywords)


def folded(text: str) -> str:
    """The text without differences of case, or between composed and decomposed letters.

    Unicode's canonical caseless form (The Unicode Standard, 3.13, D145), composed again (NFC), so
    that a letter without its accent is not found in one with it.
    """
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFD", text).casefold())


def require_pattern_matcher() -> None:
    """Raises EngineError, saying what to install, where RE2 is missing."""
    if _RE2 is None:
        _compiled("")
