"""Which rules decide anything, which hold beside others, and which could be left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .rule_lists import Rule, RuleList
from .solver import Undecided
from .space import Cover, bits_of
from .undecided import Ledger

# Up to here a covering set is reduced to the rules that are needed, by leaving out one at a time.
LONGEST_REDUCED = 30


@dataclass(frozen=True, slots=True)
class Piece:
    """A box of requests of one rule, and all covers that it meets."""

    box: int
    meeting: int


class Reach:
    """What each rule of a list matches and decides.

    ``deciding[rule.index]`` pools boxes of requests that the rule decides, ``matching`` boxes of
    requests for which it holds; a pool is empty exactly if there are none. Most later questions
    about a rule are answered by its pools; the answers to others are added to them.
    """

    def __init__(self, rules: RuleList) -> None:
        self.list = rules
        self.deciding: list[list[Piece]] = [[] for _ in rules.rules]
        self.matching: list[list[Piece]] = [[] for _ in rules.rules]
        self.filled: list[Rule] = []
        # Boxes that decide nothing; and for rules that do not, the covers that prove it.
        self.idle = self._decided = 0
        self._used: dict[int, int] = {}

    def fill(self, ledger: Ledger) -> None:
        """Finds what the rules decide and match; to be called before anything else is asked."""
        for rule in self.list.rules:
            with ledger.question("never_reached", self.list.component, rule.id):
                self._fill(rule)
                self.filled.append(rule)

    def _fill(self, rule: Rule) -> None:
        before, solver = self.list.before(rule), self.list.solver
        solver.used = 0
        decided = []
        for cover in rule.boxes:
            found = self.list.ask(cover.box, before)
            if found is None:
                self.idle |= cover.bit & ~self._decided
            else:
                self._decided |= cover.bit
                wide = self.list.requests.widened(found, cover.box, before)
                decided.append(self._piece(wide))
        self.deciding[rule.index] = decided
        if not decided:
            self._used[rule.index] = solver.used
        matched = self.list.ask_each(rule.boxes, 0)
        self.matching[rule.index] = [*decided, *(self._piece(box) for box in matched)]

    def _piece(self, box: int) -> Piece:
        return Piece(box, self.list.solver.meeting(box))

    def decides(self, rule: Rule) -> bool:
        return bool(self.deciding[rule.index])

    def holds_without(self, rule: Rule, other: Rule) -> bool:
        """Whether ``rule`` holds for some request for which ``other`` does not."""
        covers = other.covers
        for piece in self.matching[rule.index]:
            if not piece.meeting & covers:
                return True
            if len(other.boxes) == 1 and piece.box & ~other.boxes[0].box:
                return True
        found = self.list.ask_any(rule.boxes, covers)
        if found is not None:
            self.matching[rule.index].append(self._piece(found))
        return found is not None

    def both_hold(self, winner: Rule, later: Rule) -> int | None:
        """Requests that ``winner`` decides although ``later`` holds too."""
        covers, pool = later.covers, self.deciding[winner.index]
        for piece in pool:
            common = piece.meeting & covers
            if common:
                return piece.box & self._box(common & -common)
        before = self.list.before(winner)
        for own in winner.boxes:
            for box in self._common(own, later):
                found = self.list.ask(box, before)
                if found is not None:
                    wide = self.list.requests.widened(found, own.box, before)
                    pool.append(self._piece(wide))
                    return found
        return None

    def _box(self, bit: int) -> int:
        return self.list.space.covers[bit.bit_length() - 1].box

    def _common(self, own: Cover, other: Rule) -> Iterator[int]:
        """The boxes in which a box of a rule and another rule both hold."""
        for bit in bits_of(self.list.solver.meeting(own.box) & other.covers):
            yield own.box & self._box(bit)

    def _ask_in_both(self, rule: Rule, other: Rule, covers: int) -> int | None:
        for own in rule.boxes:
            for box in self._common(own, other):
                found = self.list.ask(box, covers)
                if found is not None:
                    return found
        return None

    def decided_otherwise(self, rule: Rule) -> tuple[Rule, int] | None:
        """An earlier rule with another outcome that decides a request for which ``rule`` holds."""
        alike = 0
        for earlier in (*self.list.prelude, *self.list.rules[: rule.index]):
            if earlier.outcome == rule.outcome:
                alike |= earlier.covers
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
        alike = 0
        for other in later:
            if other.outcome == rule.outcome:
                alike |= other.covers
        if self.list.default != rule.outcome:
            if not self._meeting(rule) & alike:
                return True
            if self.list.ask_any(rule.boxes, before | alike) is not None:
                return True
        covers = before
        for other in later:
            if other.outcome == rule.outcome:
                covers |= other.covers
            elif self._ask_in_both(rule, other, covers) is not None:
                return True
        return False

    def _meeting(self, rule: Rule) -> int:
        """All covers that meet a box of the rule."""
        found = 0
        for own in rule.boxes:
            found |= self.list.solver.meeting(own.box)
        return found

    def stand_in_the_way(self, rule: Rule) -> list[Rule]:
        """A set of earlier rules that together match all that a rule does, none without need
        unless they are many or hard to tell.
        """
        holding = -1
        for own in rule.boxes:
            holding &= self.list.solver.holding(own.box)
        earlier = [*self.list.prelude, *self.list.rules[: rule.index]]
        for other in earlier:
            if other.covers & holding:
                return [other]
        kept = [other for other in earlier if other.covers & self._used[rule.index]]
        if len(kept) > LONGEST_REDUCED:
            return kept
        try:
            return self._reduced(rule, kept)
        except Undecided:
            return kept

    def _reduced(self, rule: Rule, kept: list[Rule]) -> list[Rule]:
        for other in kept:
            if self._taken(rule, [other]) is not None:
                return [other]
        for other in reversed(list(kept)):
            if other in kept:
                taken = self._taken(rule, [entry for entry in kept if entry is not other])
                kept = kept if taken is None else taken
        return kept

    def _taken(self, rule: Rule, others: list[Rule]) -> list[Rule] | None:
        """Those of the others that it takes to match all that a rule does; None where they all
        do not. Read off the proof that they do, so some may be there without need.
        """
        solver = self.list.solver
        solver.used = 0
        if self.list.ask_any(rule.boxes, _all_of(others)) is not None:
            return None
        return [other for other in others if other.covers & solver.used]


def _all_of(rules: Iterable[Rule]) -> int:
    covers = 0
    for rule in rules:
        covers |= rule.covers
    return covers
