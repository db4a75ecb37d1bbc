"""Which rules decide anything, which hold beside others, and which could be left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policies.engine.analysis.rule_lists import Rule, RuleList
from policies.engine.analysis.space import Cover

# Up to here a covering set is reduced to the rules that are needed, by leaving out one at a time.
LONGEST_REDUCED = 60


class Reach:
    """What each rule of a list matches and decides.

    ``deciding[rule.index]`` pools boxes of requests that the rule decides, ``matching`` boxes of
    requests for which it holds; a pool is empty exactly if there are none. Most later questions
    about a rule are answered by its pools; the answers to others are added to them.
    """

    def __init__(self, rules: RuleList) -> None:
        self.list = rules
        self.deciding: list[list[int]] = [[] for _ in rules.rules]
        self.matching: list[list[int]] = [[] for _ in rules.rules]
        self._before: dict[tuple[int, int], list[Cover]] = {}

    def fill(self, rule: Rule) -> None:
        """Finds what a rule decides and matches; to be called before anything else is asked."""
        decided = list(self.list.ask_each(rule.boxes, self.list.before(rule)))
        self.deciding[rule.index] = decided
        self.matching[rule.index] = [*decided, *self.list.ask_each(rule.boxes, ())]

    def decides(self, rule: Rule) -> bool:
        return bool(self.deciding[rule.index])

    def holds_without(self, rule: Rule, other: Rule) -> bool:
        """Whether ``rule`` holds for some request for which ``other`` does not."""
        pool = self.matching[rule.index]
        if len(other.boxes) == 1 and any(box & ~other.boxes[0].box for box in pool):
            return True
        found = self.list.ask_any(rule.boxes, other.boxes)
        if found is not None:
            pool.append(found)
        return found is not None

    def both_hold(self, winner: Rule, later: Rule) -> int | None:
        """Requests that ``winner`` decides although ``later`` holds too."""
        is_box, pool = self.list.space.is_box, self.deciding[winner.index]
        for other in later.boxes:
            for box in pool:
                if is_box(box & other.box):
                    return box & other.box
        for own in winner.boxes:
            for other in later.boxes:
                if is_box(own.box & other.box):
                    found = self.list.ask(own.box & other.box, self._before_box(winner, own))
                    if found is not None:
                        pool.append(found)
                        return found
        return None

    def _before_box(self, rule: Rule, own: Cover) -> list[Cover]:
        """What decides before one box of a rule; kept, since every later rule asks for it."""
        key = (rule.index, own.box)
        if key not in self._before:
            is_box = self.list.space.is_box
            before = self.list.before(rule)
            self._before[key] = [cover for cover in before if is_box(own.box & cover.box)]
        return self._before[key]

    def _ask_in_both(self, rule: Rule, other: Rule, covers: list[Cover]) -> int | None:
        for box in _intersections(self.list, rule, other):
            found = self.list.ask(box, covers)
            if found is not None:
                return found
        return None

    def decided_otherwise(self, rule: Rule) -> tuple[Rule, int] | None:
        """An earlier rule with another outcome that decides a request for which ``rule`` holds."""
        alike: list[Cover] = []
        for earlier in (*self.list.prelude, *self.list.rules[: rule.index]):
            if earlier.outcome == rule.outcome:
                alike.extend(earlier.boxes)
                continue
            found = self._ask_in_both(earlier, rule, alike)
            if found is not None:
                return earlier, found
        return None

    def needed(self, rule: Rule) -> bool:
        """Whether some request would have another outcome without ``rule``, which decides some.

        Of the requests that the rule decides, take those that a later rule with another outcome
        matches, and no rule between with the same outcome: whichever of the later ones then comes
        first has another outcome. The default counts as the last rule.
        """
        later = self.list.rules[rule.index + 1 :]
        before = self.list.before(rule)
        alike = [c for other in later if other.outcome == rule.outcome for c in other.boxes]
        if self.list.default != rule.outcome:
            if not _meeting(self.list, rule, alike):
                return True
            if self.list.ask_any(rule.boxes, [*before, *alike]) is not None:
                return True
        covers = list(before)
        for other in later:
            if other.outcome == rule.outcome:
                covers.extend(other.boxes)
            elif self._ask_in_both(rule, other, covers) is not None:
                return True
        return False

    def stand_in_the_way(self, rule: Rule) -> list[Rule]:
        """A set of earlier rules that together match all that a rule does, none without need."""
        earlier = [*self.list.prelude, *self.list.rules[: rule.index]]
        kept = [other for other in earlier if _meeting(self.list, rule, other.boxes)]
        for other in kept:
            if self.list.ask_any(rule.boxes, other.boxes) is None:
                return [other]
        if len(kept) > LONGEST_REDUCED:
            return kept
        for other in reversed(list(kept)):
            rest = [entry for entry in kept if entry is not other]
            if self.list.ask_any(rule.boxes, [c for entry in rest for c in entry.boxes]) is None:
                kept = rest
        return kept


def _intersections(rules: RuleList, rule: Rule, other: Rule) -> Iterator[int]:
    for own in rule.boxes:
        for cover in other.boxes:
            if rules.space.is_box(own.box & cover.box):
                yield own.box & cover.box


def _meeting(rules: RuleList, rule: Rule, covers: Iterable[Cover]) -> bool:
    """Whether any of the covers meets a box of the rule."""
    is_box = rules.space.is_box
    return any(is_box(own.box & cover.box) for cover in covers for own in rule.boxes)
