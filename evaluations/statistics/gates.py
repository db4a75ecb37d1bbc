"""The three-valued gate: is a whole interval on the good side of a limit?"""

from dataclasses import dataclass

from evaluations.statistics.intervals import Interval

PASS, FAIL, INCONCLUSIVE, MISSING = "pass", "fail", "inconclusive", "missing"
# Worst last: what is known to be bad outranks what is unknown, and only PASS passes.
SEVERITY = (PASS, INCONCLUSIVE, MISSING, FAIL)


@dataclass(frozen=True, slots=True)
class Limit:
    """What a gate asks of a quantity: `op` one of gte, gt, lte, lt, and the value."""

    op: str
    value: float

    def verdict(self, interval: Interval) -> str:
        """pass: the whole interval satisfies the limit; fail: none of it does."""
        if self.op in ("gte", "gt"):
            return _three_valued(interval.low, interval.high, self.value, strict=self.op == "gt")
        return _three_valued(-interval.high, -interval.low, -self.value, strict=self.op == "lt")


def _three_valued(low: float, high: float, at_least: float, *, strict: bool) -> str:
    if low > at_least or (low == at_least and not strict):
        return PASS
    if high < at_least or (high == at_least and strict):
        return FAIL
    return INCONCLUSIVE


def worst(verdicts: list[str]) -> str:
    """The verdict of gates that must all pass; `missing` when there is none to pass."""
    return max(verdicts, key=SEVERITY.index, default=MISSING)
