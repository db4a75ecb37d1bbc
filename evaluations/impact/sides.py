"""What one bundle does with requests: decided once for all that it cannot tell apart."""

from __future__ import annotations

from dataclasses import dataclass

from evaluations.impact.lens import Lens, Signature
from policies.differences.parts import PartsOf
from policies.engine import Bundle, Decision, Request, decide, full_chain
from policies.engine.fallback import OUTAGES


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One treatment of requests: compared by identity, each is made once per bundle.

    `fallbacks` holds the targets after the first, for each kind of `OUTAGES`; `parts` the
    pointers of the rules, rows and classes that decide such a request or its failures.
    """

    class_key: str
    model: str | None
    regions: frozenset[str]
    providers: frozenset[str]
    fallbacks: tuple[tuple[str, ...], ...]
    parts: frozenset[str] = frozenset()


NOBODY = Side("", None, frozenset(), frozenset(), ())


class Sides:
    """The sides of one bundle, remembered by what it can tell apart."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.lens = Lens(bundle)
        self._parts = PartsOf(bundle)
        self._found: dict[Signature, Side | None] = {}  # None: dealt out by a split
        self._dealt: dict[tuple[Signature, str], Side] = {}
        self._made: dict[tuple[object, ...], Side] = {}

    def of(self, request: Request) -> Side:
        """What `decide` and `full_chain` say of this request."""
        values = self.lens.values(request)
        signature = self.lens.signature(request, values)
        found = self._found.get(signature)
        if found is not None:
            return found
        if signature not in self._found:
            decision = decide(self.bundle, request)
            side = self._side(decision)
            self._found[signature] = side if decision.bucket is None else None
            if decision.bucket is None:
                return side
        key = (signature, self.lens.split_key(request, values))
        dealt = self._dealt.get(key)
        if dealt is None:
            dealt = self._dealt[key] = self._side(decide(self.bundle, request))
        return dealt

    def _side(self, decision: Decision) -> Side:
        wanted = decision.requirements
        key = (
            decision.class_key, decision.model, wanted.regions, wanted.capabilities,
            self.lens.room(wanted.least_tokens), decision.class_rule, decision.class_source,
            decision.policy_rule, decision.fell_to_default,
        )  # fmt: skip
        side = self._made.get(key)
        if side is None:
            side = self._made[key] = self._make(decision)
        return side

    def _make(self, decision: Decision) -> Side:
        model = decision.model
        met = frozenset(self._parts.met_by(decision))
        if model is None:
            return Side(decision.class_key, None, frozenset(), frozenset(), (), met)
        chains = tuple(
            full_chain(self.bundle, decision.class_key, model, kind, decision.requirements)
            for kind in OUTAGES
        )
        models = self.bundle.catalogue.models
        reached = {model, *(target for chain in chains for target in chain)}
        return Side(
            class_key=decision.class_key,
            model=model,
            regions=frozenset(models[model].regions),
            providers=frozenset(models[name].provider for name in reached),
            fallbacks=chains,
            parts=met.union(self._parts.met_if(decision, reached)),
        )
