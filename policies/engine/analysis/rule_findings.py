"""Findings about the rules of a list: never reached, in conflict, exceptions, redundant, gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..reading import quoted
from ..routing import DEFAULT_RULE
from .findings import ERROR, INFO, WARNING, Finding, name_of, written
from .reach import Reach
from .regions import BY_DEFAULT, CLASSIFICATION, Region
from .rule_lists import Rule, RuleList
from .undecided import Ledger
from .witnesses import witness_in

CLASSIFIER = "the router's own classifier"


@dataclass(frozen=True)
class RuleReview:
    """One rule list under review. ``says`` holds what each rule does in words, by its id, and
    what the default does, by "(default)". ``unassigned`` classes have a finding of their own.
    """

    reach: Reach
    says: Mapping[str, str]
    ledger: Ledger
    unassigned: frozenset[str] = frozenset()

    @property
    def rules(self) -> RuleList:
        return self.reach.list

    def findings(self) -> Iterator[Finding]:
        """Everything about the rules, in their order."""
        component = self.rules.component
        deciding = []
        for rule in self.reach.filled:
            if self.reach.decides(rule):
                deciding.append(rule)
                continue
            with self.ledger.question("never_reached", component, rule.id):
                yield self._never_reached(rule)
        for place, rule in enumerate(deciding):
            yield from self._overlaps(rule, deciding[place + 1 :])
            with self.ledger.question("redundant", component, rule.id):
                if not self.reach.needed(rule):
                    yield self._redundant(rule)
        with self.ledger.question("gap", component, "the default"):
            yield from self._gap()

    def _never_reached(self, rule: Rule) -> Finding:
        if not self.reach.matching[rule.index]:
            return self._unsatisfiable(rule)
        in_the_way = self.reach.stand_in_the_way(rule)
        otherwise = self.reach.decided_otherwise(rule)
        box = otherwise[1] if otherwise else self.reach.matching[rule.index][0].box
        answer = (
            f"and not always with its answer ({self.says[rule.id]})"
            if otherwise
            else "with the same answer"
        )
        return self._finding(
            "shadowed",
            ERROR if otherwise else WARNING,
            f"{_name(rule)} is never reached: before it, {_who(in_the_way)} all its requests, "
            f"{answer}.",
            rules=[rule, *(other for other in in_the_way if other.id)],
            box=box,
            region=self._region(rule.id),
        )

    def _unsatisfiable(self, rule: Rule) -> Finding:
        in_vain = self.rules.space.of_class(self.unassigned)
        severity, why = ERROR, "no request of the class it asks for meets its other conditions"
        if not rule.boxes:
            why = "it leaves no value to some attribute"
        elif all(not cover.box & ~in_vain for cover in rule.boxes):
            severity, why = WARNING, "no request is given a class that it asks for"
        return self._finding(
            "unsatisfiable",
            severity,
            f"{_name(rule)} can never hold: {why}.",
            rules=[rule],
            region=self._region(rule.id),
        )

    def _overlaps(self, rule: Rule, later_rules: Sequence[Rule]) -> Iterator[Finding]:
        for later in later_rules:
            if later.outcome != rule.outcome:
                with self.ledger.question("conflict", self.rules.component, _pair(rule, later)):
                    found = self._overlap(rule, later)
                    if found:
                        yield found

    def _overlap(self, rule: Rule, later: Rule) -> Finding | None:
        """A conflict where neither contains the other; where the earlier is within the later, an
        exception. The later within the earlier would never be reached.
        """
        box = self.reach.both_hold(rule, later)
        if box is None:
            return None
        region = self._region(later.id, decided_by=(rule.id,))
        if not self.reach.holds_without(rule, later):
            return self._finding(
                "exception",
                INFO,
                f"{_name(rule)} is an exception to {_name(later)}, which holds for all its "
                f"requests too but comes later: {self.says[rule.id]} instead of "
                f"{self.says[later.id]}.",
                rules=[rule, later],
                named=2,
                box=box,
                region=region,
            )
        return self._finding(
            "conflict",
            WARNING,
            f"{_name(rule)} and {_name(later)} both hold for some requests; {_name(rule)} comes "
            f"first and wins: {self.says[rule.id]}, not {self.says[later.id]}.",
            rules=[rule, later],
            named=2,
            box=box,
            region=region,
        )

    def _redundant(self, rule: Rule) -> Finding:
        return self._finding(
            "redundant",
            INFO,
            f"{_name(rule)} changes nothing: without it, later rules or the default would say the "
            f"same for each of its requests ({self.says[rule.id]}).",
            rules=[rule],
            box=self.reach.deciding[rule.index][0].box,
            region=self._region(decided_by=(rule.id,)),
        )

    def _gap(self) -> Iterator[Finding]:
        """Requests that no rule covers; where possible ones that lack no attribute."""
        space, covers = self.rules.space, self.rules.all_covers()
        whole = self.rules.ask(space.complete(), covers)
        box = self.rules.ask(space.full, covers) if whole is None else whole
        if box is None:
            return
        wide = self.rules.requests.widened(box, space.full, covers)
        witness = witness_in(space, wide, complete=True)
        which = (
            f"Requests such as {written(witness)} are"
            if whole is not None
            else ("Only requests that lack attributes are")
        )
        component = self.rules.component
        default = BY_DEFAULT if component == CLASSIFICATION else DEFAULT_RULE
        pointer = "default_class" if component == CLASSIFICATION else "default"
        yield Finding(
            kind="gap",
            name=name_of("gap", component),
            severity=INFO,
            pointer=f"/{component}/{pointer}",
            sentence=f"{which} covered by no rule and get the default: {self.says[BY_DEFAULT]}.",
            witness=witness,
            region=self._region(decided_by=(default,)),
        )

    def _finding(
        self,
        kind: str,
        severity: str,
        sentence: str,
        *,
        rules: Sequence[Rule],
        region: Region,
        named: int = 1,
        box: int | None = None,
    ) -> Finding:
        """A finding about the first of ``rules``; the first ``named`` of them make its name."""
        component = self.rules.component
        pointers = [f"/{component}/rules/{rule.index}" for rule in rules]
        return Finding(
            kind=kind,
            name=name_of(kind, component, *(rule.id for rule in rules[:named])),
            severity=severity,
            pointer=pointers[0],
            sentence=sentence,
            related=tuple(pointers[1:]),
            rules=tuple(rule.id for rule in rules),
            witness=None if box is None else witness_in(self.rules.space, box),
            region=region,
        )

    def _region(self, *holds: str, decided_by: tuple[str, ...] = ()) -> Region:
        return Region(self.rules.component, holds, decided_by)


def _name(rule: Rule) -> str:
    return quoted([rule.id]) if rule.id else CLASSIFIER


def _who(rules: Sequence[Rule]) -> str:
    names = list(dict.fromkeys(_name(rule) for rule in rules))
    if len(names) == 1:
        return f"{names[0]} decides"
    return f"{', '.join(names[:-1])} and {names[-1]} together decide"


def _pair(rule: Rule, later: Rule) -> str:
    return f"{rule.id} and {later.id}"
