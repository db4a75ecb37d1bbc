"""A decision and what it was made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from ..engine import Decision, NextAttempt, Problem, Request, check_request
from .limits import Chain
from .releases import Release


@dataclass(frozen=True)
class Decided:
    """A decision and what it was made of, so that its fallbacks come from the same release.

    `at` is when it was made, in seconds of the epoch.
    """

    release: Release
    request: Request
    decision: Decision
    stale: bool
    chain: Chain = field(repr=False, compare=False)
    at: float = field(compare=False)

    @property
    def model(self) -> str | None:
        """Whom to call first: the decision's model or, while its breaker is open, where the
        fallback matrix leads; None where the policy refuses, or nobody is left.
        """
        first = self.chain.first
        return first.model if isinstance(first, NextAttempt) else None

    @cached_property
    def ignored(self) -> tuple[Problem, ...]:
        """Attributes that took no part: names that nobody declared, values of another type."""
        return tuple(check_request(self.release.bundle, self.request))
