"""The worst that a chain of attempts can come to: attempts, seconds and dollars.

Found by trying every way in which failures can go: at each model which of its rows answers the
last failure, and after how many tries, a retry budget that refuses included and open breakers
left aside. Beyond a budget of steps an upper bound is given instead,
and said to be one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..bundle import Bundle
from ..chain import outgrown_by
from ..decision import TYPICAL_INPUT_TOKENS, TYPICAL_OUTPUT_TOKENS
from ..fallback import ANSWERABLE, FallbackRow, Retries
from ..suitability import is_outgrown
from .fallback_graph import destinations, rows_for, skipped
from .starts import Start

STEPS = 3000


@dataclass(frozen=True, slots=True)
class Chain:
    """One first model with all that may follow.

    ``classes`` is empty where the matrix treats all alike; ``rules`` send requests here;
    ``targets`` are all models that failures can lead to. ``attempts`` is the largest number of
    calls; ``wait_s`` the longest total of waits before retries, in seconds, a router honouring
    ``Retry-After`` aside; ``deadline_s`` when the last attempt may begin at the latest;
    ``cost_usd`` the dearest sequence of calls for a request of typical size that fails everywhere
    and is billed for it, None where a price is unknown. With ``exact`` False they are upper
    bounds.
    """

    model: str
    classes: tuple[str, ...]
    rules: tuple[str, ...]
    targets: tuple[str, ...]
    attempts: int
    wait_s: float
    deadline_s: float
    cost_usd: float | None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class _State:
    """Visited models, the rows that led on from them, and what was spent so far; ``outgrown`` is
    the largest context window that was too small.
    """

    rows: tuple[FallbackRow | None, ...]
    visited: tuple[str, ...]
    outgrown: int | None = None
    attempts: int = 0
    soonest_ms: float = 0
    latest_ms: float = 0
    cost_usd: float = 0


def chains_of(bundle: Bundle, starts: Sequence[Start]) -> tuple[Chain, ...]:
    """The chains of all starts; those that cannot differ are put together."""
    found: dict[tuple[object, ...], Chain] = {}
    for start in starts:
        wanted = start.requirements
        key = (start.model, start.classes, wanted.regions, wanted.capabilities)
        chain = found.get(key) or _chain(bundle, start)
        if start.rule_id not in chain.rules:
            chain = replace(chain, rules=(*chain.rules, start.rule_id))
        found[key] = chain
    return tuple(found.values())


def _chain(bundle: Bundle, start: Start) -> Chain:
    limits = bundle.fallback_matrix.limits
    walk = _Walk(bundle, start)
    exact = walk.run()
    cost = walk.cost_usd
    if cost is not None and limits.cost_cap_usd is not None:
        cost = min(cost, limits.cost_cap_usd)
    return Chain(
        model=start.model,
        classes=start.classes,
        rules=(start.rule_id,),
        targets=tuple(walk.targets),
        attempts=walk.attempts,
        wait_s=min(walk.wait_ms, limits.deadline_ms) / 1000,
        deadline_s=limits.deadline_ms / 1000,
        cost_usd=cost,
        exact=exact,
    )


class _Walk:
    """A search through all that can happen after one start."""

    def __init__(self, bundle: Bundle, start: Start) -> None:
        self._bundle, self._start = bundle, start
        self._limits = bundle.fallback_matrix.limits
        self.targets = list(destinations(bundle, start))
        names = (start.model, *self.targets)
        self._costs = {name: _typical_cost(bundle, name) for name in names}
        self._rows = {
            name: rows_for(bundle.fallback_matrix, name, start.class_key) for name in names
        }
        self.attempts, self.wait_ms = 0, 0.0
        self.cost_usd: float | None = 0.0
        self._steps = 0

    def run(self) -> bool:
        """Whether everything was tried; else the results are upper bounds."""
        waiting = [_State((), (self._start.model,))]
        while waiting and self._steps < STEPS:
            waiting.extend(self._after(waiting.pop()))
        if waiting:
            self._bound()
        if None in self._costs.values():
            self.cost_usd = None
        return not waiting

    def _after(self, state: _State) -> Iterator[_State]:
        """Everything that can follow at the model visited last."""
        model = state.visited[-1]
        rows = self._rows[model]
        for tried in self._tries(state, model, rows):
            self._steps += 1
            self._note(tried)
            for row, outgrown in self._answers(model, state.outgrown):
                onward = replace(tried, rows=(*state.rows, row), outgrown=outgrown)
                target = self._next(onward)
                if target and self._may_go_on(tried):
                    yield replace(onward, visited=(*state.visited, target))

    def _tries(self, state: _State, model: str, rows: list[FallbackRow]) -> Iterator[_State]:
        """After one try of a model, after two, and so on, as far as its rows and limits allow."""
        tries = 0
        while True:
            tries += 1
            state = replace(
                state,
                attempts=state.attempts + 1,
                cost_usd=state.cost_usd + (self._costs[model] or 0),
            )
            yield state
            waits = [waits_ms(row.retries, tries) for row in rows if row.retries.count >= tries]
            if not waits or state.attempts >= self._limits.max_attempts:
                return
            state = replace(
                state,
                soonest_ms=state.soonest_ms + min(soonest for soonest, _ in waits),
                latest_ms=state.latest_ms + max(latest for _, latest in waits),
            )
            if state.soonest_ms >= self._limits.deadline_ms:
                return

    def _answers(
        self, model: str, outgrown: int | None
    ) -> Iterable[tuple[FallbackRow | None, int | None]]:
        """The rows that can answer the last failure, None where none answers some kind, each
        with the window that is then too small.

        Whether a row asks for another try is no matter: the retry budget may refuse it.
        """
        catalogue, key = self._bundle.catalogue, self._start.class_key
        return dict.fromkeys(
            (
                self._bundle.fallback_matrix.row_for(model, key, kind),
                outgrown_by(catalogue, model, kind, outgrown),
            )
            for kind in ANSWERABLE
        )

    def _next(self, state: _State) -> str | None:
        for row in reversed(state.rows):
            for target in row.then if row else ():
                if target not in state.visited and self._fits(target, state.outgrown):
                    return target
        return None

    def _fits(self, target: str, outgrown: int | None) -> bool:
        if skipped(self._bundle, self._start.requirements, target):
            return False
        return is_outgrown(self._bundle.catalogue.models[target], outgrown) is None

    def _may_go_on(self, state: _State) -> bool:
        return (
            state.attempts < self._limits.max_attempts
            and state.soonest_ms < self._limits.deadline_ms
        )

    def _note(self, state: _State) -> None:
        self.attempts = max(self.attempts, state.attempts)
        self.wait_ms = max(self.wait_ms, state.latest_ms)
        self.cost_usd = max(self.cost_usd or 0.0, state.cost_usd)

    def _bound(self) -> None:
        """What all targets with all their retries would come to, within the limit of attempts."""
        most = {
            name: max((row.retries.count for row in rows), default=0)
            for name, rows in self._rows.items()
        }
        total = sum(count + 1 for count in most.values())
        self.attempts = min(self._limits.max_attempts, total)
        self.cost_usd = self.attempts * max(cost or 0 for cost in self._costs.values())
        retries = [row.retries for rows in self._rows.values() for row in rows]
        longest = max((waits_ms(entry, entry.count)[1] for entry in retries), default=0)
        self.wait_ms = longest * max(0, self.attempts - 1)


def waits_ms(retries: Retries, retry: int) -> tuple[float, float]:
    """The shortest and the longest wait before the given retry (from 1)."""
    bound = float(retries.base_ms)
    for _ in range(retry - 1):
        bound = min(bound * retries.factor, float(retries.max_ms))
    return (0.0 if retries.jitter == "full" else float(math.floor(bound))), math.floor(bound)


def _typical_cost(bundle: Bundle, name: str) -> float | None:
    model = bundle.catalogue.models.get(name)
    return model.estimated_cost_usd(TYPICAL_INPUT_TOKENS, TYPICAL_OUTPUT_TOKENS) if model else None
