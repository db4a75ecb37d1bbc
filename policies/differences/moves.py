"""Whether a move of a rule changes anything, said in the sentence that tells of it.

Several moves are made one after the other in the document's order, each on what the ones before
it left, with the rules that both documents have and as the old document has them. So where each
of them changes nothing, all of them together change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from policies.differences.change import Change, Entry, entries_of
from policies.engine import DocumentError, parse_component
from policies.engine.analysis.findings import Witness
from policies.engine.analysis.moves import (
    Order,
    Undecided,
    order_of_classes,
    order_of_routes,
)
from policies.engine.classification import parse_request_classification
from policies.engine.reading import parsed
from policies.engine.routing import read_router_policy
from policies.wording.sentences import listed, shown

NOTHING_CHANGES = "no request is decided differently"


def with_effects(
    kind: str, old: Entry, new: Entry, changes: Sequence[Change], classification: object = None
) -> list[Change]:
    """The changes, with what each moved rule changes; as they are where that cannot be said.

    ``classification`` is the raw document under which both policies are read.
    """
    places = {one.pointer for one in changes if one.kind == "moved"}
    moved = {
        shown(rule.get("id")): f"/rules/{index}"
        for index, rule in entries_of(new, "rules")
        if f"/rules/{index}" in places
    }
    if not moved or _has_renamed(old, new):
        return list(changes)
    order = _order(kind, old, new, classification)
    if order is None:
        return list(changes)
    effects = {
        (moved[name], "moved"): effect
        for name, effect in _effects(order, _ids(old), _ids(new), list(moved))
    }
    return [_told(one, effects.get((one.pointer, one.kind), "")) for one in changes]


def _told(change: Change, effect: str) -> Change:
    if not effect:
        return change
    return replace(change, sentence=f"{change.sentence.removesuffix('.')}; {effect}.")


def _order(kind: str, old: Entry, new: Entry, classification: object) -> Order | None:
    """The old document's rules; None where they cannot be read, or not without more."""
    try:
        parse_component(kind, new)  # of a document that is not right nothing is claimed
        if kind == "request_classification":
            return order_of_classes(parse_request_classification(old))
        if classification is None:
            return None
        known = parse_request_classification(classification)
        vocabulary = known.policy_vocabulary
        policy = parsed(old, lambda place: read_router_policy(place, vocabulary))
        return order_of_routes(policy, known)
    except (DocumentError, Undecided):
        return None


def _effects(
    order: Order, old: list[str], new: list[str], moved: list[str]
) -> Iterator[tuple[str, str]]:
    """(id, effect) of each move; a move whose effect is not known is passed over."""
    after = [name for name in new if name in old]
    now = [name for name in old if name in after]
    waiting = set(moved)
    found: dict[str, Witness | None] = {}
    for name in moved:
        waiting.discard(name)
        before, now = now, _placed(now, name, [one for one in after if one not in waiting])
        try:
            found[name] = order.changed_by(before, now, name)
        except Undecided:
            continue
    for name, witness in found.items():
        if witness is None:
            yield name, NOTHING_CHANGES
        else:
            yield name, f"this changes which rule decides for {_such_as(witness)}"


def _placed(order: list[str], name: str, settled: list[str]) -> list[str]:
    """The order with ``name`` right after the settled one that it is to follow."""
    rest = [other for other in order if other != name]
    place = settled.index(name)
    at = rest.index(settled[place - 1]) + 1 if place else 0
    return [*rest[:at], name, *rest[at:]]


def _such_as(witness: Witness) -> str:
    attributes = witness["attributes"]
    if not isinstance(attributes, dict) or not attributes:
        return "requests such as one without any attribute"
    said = [f"{name} {shown(value)}" for name, value in attributes.items()]
    return f"requests such as one with {listed(said, 'and')}"


def _ids(document: Entry) -> list[str]:
    return list(dict.fromkeys(shown(rule.get("id")) for _, rule in entries_of(document, "rules")))


def _has_renamed(old: Entry, new: Entry) -> bool:
    """Whether a rule seems to go on under another name; its place is then not told as a move."""
    before, after = (
        {shown(rule.get("id")): rule for _, rule in entries_of(side, "rules")}
        for side in (old, new)
    )
    gone = [rule.get("when") for name, rule in before.items() if name not in after]
    come = [rule.get("when") for name, rule in after.items() if name not in before]
    return any(when in come for when in gone)
