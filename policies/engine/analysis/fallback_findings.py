"""Findings about fallbacks: cycles, broken promises, fake redundancy, dearer or weaker models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from ..bundle import Bundle
from ..catalogue import Model
from ..chain import full_chain
from ..decision import TYPICAL_INPUT_TOKENS, TYPICAL_OUTPUT_TOKENS
from ..fallback import ANY_MODEL, OUTAGES, FallbackRow
from ..reading import quoted
from ..suitability import lacks_capability, lacks_region
from .fallback_graph import (
    destinations,
    edges_for,
    rows_for,
    shortest_cycle,
    strongly_connected,
)
from .findings import ERROR, INFO, WARNING, Finding, name_of
from .regions import POLICY, Region
from .space import Space
from .starts import Start

# A first fallback this many times as dear, with no cap, makes an outage a bill.
MUCH_DEARER = 10
# Data in a wrong region cannot be taken back; an answer without tools can be asked for again.
BROKEN = {"regions": ERROR, "capabilities": WARNING, "context": WARNING}


def cycle_findings(bundle: Bundle) -> Iterator[Finding]:
    """Models that fall back on one another. Two that back each other up are a usual design; a
    longer ring is seldom meant. No chain visits a model twice, so none of them is endless.
    """
    seen: dict[tuple[str, ...], list[str]] = {}
    keys = bundle.request_classification.class_keys
    edges = {key: edges_for(bundle, key) for key in keys}
    for key in keys:
        for component in strongly_connected(edges[key]):
            seen.setdefault(component, []).append(key)
    for component, classes in seen.items():
        way = " → ".join(shortest_cycle(edges[classes[0]], component))
        scope = "" if len(classes) == len(keys) else f" for class {quoted(classes)}"
        pair = len(component) == 2
        means = (
            "they back each other up"
            if pair
            else f"the {len(component)} models {', '.join(component)} all lead to one another"
        )
        rows = [
            f"/fallback_matrix/rows/{index}"
            for index, row in enumerate(bundle.fallback_matrix.rows)
            if row.model in component and set(row.then) & set(component)
        ]
        yield Finding(
            kind="fallback_cycle",
            name=name_of("fallback_cycle", *component),
            severity=INFO if pair else WARNING,
            pointer=rows[0] if rows else "/fallback_matrix/rows",
            sentence=f"Fallbacks go in a circle{scope}: {way}; {means}.",
            related=tuple(rows[1:]),
            region=Region(POLICY, models=component),
        )


@dataclass(frozen=True)
class FallbackReview:
    """What happens after the first choice of every start fails."""

    bundle: Bundle
    space: Space
    starts: list[Start]
    _said: set[str] = field(default_factory=set)

    def findings(self) -> Iterator[Finding]:
        """Each finding once, however many rules and classes lead to it."""
        for start in self.starts:
            reached = destinations(self.bundle, start)
            for model in (start.model, *reached):
                for row in rows_for(self.bundle.fallback_matrix, model, start.class_key):
                    for target in row.then:
                        yield from self._promises(start, row, target)
            yield from self._without_effect(start)
            yield from self._fake_redundancy(start)
            for target, row in reached.items():
                yield from self._dearer(start, row, target)
                yield from self._weaker(start, row, target)

    @cached_property
    def _pointers(self) -> dict[FallbackRow, str]:
        rows = enumerate(self.bundle.fallback_matrix.rows)
        return {row: f"/fallback_matrix/rows/{index}" for index, row in rows}

    def _say(
        self, start: Start, name: str, severity: str, pointer: str, sentence: str
    ) -> Iterator[Finding]:
        if name not in self._said:
            self._said.add(name)
            yield Finding(
                kind=name.partition(":")[0],
                name=name,
                severity=severity,
                pointer=pointer,
                sentence=sentence,
                rules=(start.rule_id,),
                witness=start.witness(self.bundle, self.space),
                region=Region(POLICY, decided_by=(start.rule_id,), models=(start.model,)),
            )

    def _promises(self, start: Start, row: FallbackRow, target: str) -> Iterator[Finding]:
        """A target that breaks what the route asks for, or that is passed over for it."""
        model = self.bundle.catalogue.models.get(target)
        if model is None or target == start.model:
            return
        rule_id, pointer = start.rule_id, f"{self._pointers[row]}/then/{row.then.index(target)}"
        for what, words in _broken(self.bundle.catalogue.models[start.model], start, model).items():
            kept = getattr(self.bundle.fallback_matrix.limits.preserve, what)
            lead = f'{target} is listed to take over requests of "{rule_id}", but {words}'
            if not kept:
                name = name_of(f"fallback_breaks_{what}", rule_id, target)
                yield from self._say(start, name, BROKEN[what], pointer, lead)
            elif what != "context":
                name = name_of("fallback_skipped", rule_id, target)
                then = f"{lead} It will be passed over."
                yield from self._say(start, name, INFO, pointer, then)

    def _without_effect(self, start: Start) -> Iterator[Finding]:
        """Targets are listed for an outage of the first model, and none of them may serve."""
        rule_id, model = start.rule_id, start.model
        for kind in OUTAGES:
            row = self.bundle.fallback_matrix.row_for(model, start.class_key, kind)
            if row and row.then and not self._chain(start, kind):
                yield from self._say(
                    start,
                    name_of("fallback_without_effect", rule_id, model),
                    WARNING,
                    f"{self._pointers[row]}/then",
                    f'When {model} fails on requests of "{rule_id}", none of the models listed '
                    f"to take over may serve them: {', '.join(row.then)}.",
                )

    def _chain(self, start: Start, kind: str) -> tuple[str, ...]:
        return full_chain(self.bundle, start.class_key, start.model, kind, start.requirements)

    def _fake_redundancy(self, start: Start) -> Iterator[Finding]:
        """All models of a chain run at one provider, whose outage takes them all."""
        for kind in OUTAGES:
            targets = self._chain(start, kind)
            models = [self.bundle.catalogue.models[name] for name in (start.model, *targets)]
            row = self.bundle.fallback_matrix.row_for(start.model, start.class_key, kind)
            if row and targets and len({model.provider for model in models}) == 1:
                yield from self._say(
                    start,
                    name_of("fake_redundancy", start.model, *self._scope(start)),
                    WARNING,
                    self._pointers[row],
                    f"When {start.model} fails, {' and then '.join(targets)} would take over, all "
                    f"at {models[0].provider}: an outage there takes the whole chain.",
                )

    def _scope(self, start: Start) -> list[str]:
        """The class, where rows of the matrix single it out."""
        named = {row.class_key for row in self.bundle.fallback_matrix.rows}
        return [start.class_key] if start.class_key in named else []

    def _dearer(self, start: Start, row: FallbackRow, target: str) -> Iterator[Finding]:
        models, limits = self.bundle.catalogue.models, self.bundle.fallback_matrix.limits
        cost, more = _typical_cost(models[start.model]), _typical_cost(models[target])
        if cost is None or more is None or more <= cost:
            return
        at_once = row.model in (start.model, ANY_MODEL) and row.then[0] == target
        much = at_once and limits.cost_cap_usd is None and more >= MUCH_DEARER * cost
        ratio = f"{more / cost:.3g} times as dear" if cost else "not free"
        cap = " No cost cap holds the chain." if limits.cost_cap_usd is None else ""
        yield from self._say(
            start,
            name_of("dearer_fallback", start.model, target),
            WARNING if much else INFO,
            f"{self._pointers[row]}/then/{row.then.index(target)}",
            f"{target}, which may take over from {start.model}, is {ratio}: {more:.3g} instead of "
            f"{cost:.3g} USD for a typical request.{cap}",
        )

    def _weaker(self, start: Start, row: FallbackRow, target: str) -> Iterator[Finding]:
        first, model = (
            self.bundle.catalogue.models[start.model],
            self.bundle.catalogue.models[target],
        )
        lost = [word for word in first.capabilities if word not in model.capabilities]
        losses = [f"cannot do {quoted(lost)}"] if lost else []
        if _holds_less(model, first):
            losses.append(f"holds {model.context_window} tokens instead of {first.context_window}")
        if losses:
            yield from self._say(
                start,
                name_of("weaker_fallback", start.model, target),
                INFO,
                f"{self._pointers[row]}/then/{row.then.index(target)}",
                f"{target}, which may take over from {start.model}, {' and '.join(losses)}.",
            )


def _broken(first: Model, start: Start, target: Model) -> dict[str, str]:
    """What the start's route asks for and a target does not give, in words."""
    wanted, found = start.requirements, {}
    region = lacks_region(target, wanted.regions)
    if region:
        found["regions"] = region.sentence
    capability = lacks_capability(target, wanted.capabilities)
    if capability:
        found["capabilities"] = capability.sentence
    if start.route.constraints.fits_context and _holds_less(target, first):
        found["context"] = (
            f"it holds {target.context_window} tokens where {first.name} holds "
            f"{first.context_window}, and requests need not fit."
        )
    return found


def _holds_less(model: Model, first: Model) -> bool:
    if model.context_window is None or first.context_window is None:
        return False
    return model.context_window < first.context_window


def _typical_cost(model: Model) -> float | None:
    return model.estimated_cost_usd(TYPICAL_INPUT_TOKENS, TYPICAL_OUTPUT_TOKENS)
