"""Breaker and retry budget of this process: counted where attempts are made. Thread-safe.

What is counted, and how, is the engine's (`engine/breaker.py`, `engine/retry_bucket.py`); here are
the clock, the lock, and care that nothing is counted twice.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..engine import Attempt, Bundle, Counts, Decision, NextAttempt, Runtime, Stop, next_attempt


@dataclass
class Chain:
    """How many of one request's attempts were counted, and what was answered after them. Their
    hash stands for them: chains are remembered by the thousand, each with what a client told.
    """

    bundle: Bundle
    decision: Decision
    request_id: str
    counts: Counts
    counted: int = 0
    told: int = hash(())
    step: NextAttempt | Stop | None = None
    first: NextAttempt | Stop | None = None


class Limiter:
    """Counts for whichever release is in force; `clock` is in seconds and only goes forward."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: Counts | None = None
        self._bundle: Bundle | None = None
        self._lock = threading.Lock()
        _LIMITERS.add(self)

    def begin(self, bundle: Bundle, decision: Decision, request_id: str) -> Chain:
        """A request was decided: counts it, and finds whom to call first."""
        with self._lock:
            now, counts = self._now(), self._counts_under(bundle)
            counts.request(now)
            chain = Chain(bundle, decision, request_id, counts)
            chain.first = self._step(chain, (), now)
            return chain

    def step(self, chain: Chain, attempts: Sequence[Attempt]) -> NextAttempt | Stop:
        """Counts what is new in `attempts`, and finds the next. The same attempts get the same
        answer again, and count once.
        """
        made = tuple(attempts)
        with self._lock:
            if chain.step is not None and hash(made) == chain.told:
                return chain.step
            now = self._now()
            self._count(chain, made, now)
            return self._step(chain, made, now)

    def end(self, chain: Chain, attempts: Sequence[Attempt]) -> None:
        """Counts what is new in `attempts`, after which no other is made."""
        with self._lock:
            self._count(chain, tuple(attempts), self._now())

    def runtime(self) -> Runtime:
        """Whose breaker is open now, and whether a retry may be made."""
        with self._lock:
            return Runtime() if self._counts is None else self._counts.runtime(self._now())

    def renew_lock(self) -> None:
        """In a forked child: the thread that may have held the lock is not there."""
        self._lock = threading.Lock()

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _counts_under(self, bundle: Bundle) -> Counts:
        limits = bundle.fallback_matrix.limits
        if self._counts is None:
            self._counts = Counts(limits)
        elif bundle is not self._bundle:
            self._counts = self._counts.under(limits)
        self._bundle = bundle
        return self._counts

    def _count(self, chain: Chain, made: tuple[Attempt, ...], now: int) -> None:
        for attempt in made[chain.counted :]:
            # A name that the release does not know is no target: it would be kept for ever.
            if attempt.model in chain.bundle.catalogue.models:
                chain.counts.end(now, attempt.model, attempt.failure_kind)
        if (told := hash(made)) != chain.told:
            chain.counted, chain.told, chain.step = len(made), told, None

    def _step(self, chain: Chain, made: tuple[Attempt, ...], now: int) -> NextAttempt | Stop:
        step = next_attempt(
            chain.bundle,
            chain.decision,
            made,
            request_id=chain.request_id,
            runtime=chain.counts.runtime(now),
        )
        if isinstance(step, NextAttempt):
            chain.counts.begin(now, step.model, retry=bool(made) and made[-1].model == step.model)
        chain.step = step
        return step


_LIMITERS: weakref.WeakSet[Limiter] = weakref.WeakSet()


def _renew_locks() -> None:
    for limiter in list(_LIMITERS):
        limiter.renew_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)
