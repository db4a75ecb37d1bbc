"""What can be wrong with a document, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong at one place.

    ``pointer`` is an RFC 6901 JSON pointer; a missing member is pointed at where it should be.
    ``message`` says what would be right.
    """

    pointer: str
    message: str

    def under(self, prefix: str) -> Problem:
        """The same problem, seen from a document that holds this one at ``prefix``."""
        return Problem(prefix + self.pointer, self.message)

    def __str__(self) -> str:
        return f"{self.pointer or '(top)'}: {self.message}"


class DocumentError(ValueError):
    """A document was refused. ``problems`` holds all that is wrong, never only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[DocumentError], tuple[tuple[Problem, ...]]]:
        return (type(self), (self.problems,))


class EngineError(RuntimeError):
    """A sound document cannot be carried out here (for example, RE2 is not installed)."""


def showable(text: str) -> str:
    """The text with U+FFFD for each NUL and half surrogate pair, which no database could keep."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\x00", "\ufffd")


def pointer_token(key: str | int) -> str:
    """``/key`` with the escapes of RFC 6901, in text that can be shown."""
    return "/" + showable(str(key)).replace("~", "~0").replace("/", "~1")
