"""Which rules, rows and classes of a bundle requests met, and how many met each."""

from collections import Counter

from evaluations.replay.outcome import Outcome
from policies.differences.parts import PartsOf
from policies.engine import Bundle, Decision


class Met:
    """Counts requests by the pointers that decided them; those decided alike are looked up once."""

    def __init__(self, bundle: Bundle) -> None:
        self._parts = PartsOf(bundle)
        self._counts: Counter[tuple[object, ...]] = Counter()
        self._first: dict[tuple[object, ...], tuple[Decision, list[tuple[str, str]]]] = {}

    def add(self, outcome: Outcome) -> None:
        """Count one request."""
        decision, path = outcome.decision, outcome.path
        key = (
            decision.class_key, decision.class_rule, decision.class_source, decision.policy_rule,
            decision.fell_to_default, path if len(path) > 1 or outcome.error else None,
        )  # fmt: skip
        self._counts[key] += 1
        if key not in self._first:
            failures = [(model, kind) for model, kind in path if kind is not None]
            self._first[key] = decision, failures

    def as_json(self) -> dict[str, int]:
        """By pointer, how many requests met it."""
        found: Counter[str] = Counter()
        for key, count in self._counts.items():
            decision, failures = self._first[key]
            met = {*self._parts.met_by(decision), *self._parts.met_after(decision, failures)}
            found.update(dict.fromkeys(met, count))
        return dict(found)
