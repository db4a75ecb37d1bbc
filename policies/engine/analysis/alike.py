"""Whether two bundles provably treat every request alike. Exact where it says yes.

Both classifications are compared piece by piece: a piece of one and a piece of the other with
another class must have no request in common outside all earlier pieces. With the class of every
request the same, the policies are compared in the same way. What cannot be decided within the
budget, or is written too differently to be compared, counts as not proved.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from ..attributes import Attribute
from ..bundle import Bundle
from ..classification import RequestClassification
from ..conditions import Box, Condition
from ..fallback import FAILURE_KINDS
from .classes import Classes
from .route_effects import effect_of
from .rule_lists import Requests, boxes_of, provided_boxes, together
from .solver import Solver, Undecided
from .space import Cover, Space

QUESTION_BUDGET, TOTAL_BUDGET = 4_000, 40_000


@dataclass(frozen=True, slots=True)
class _Piece:
    """Requests in any of the boxes come to the outcome, unless an earlier piece has them."""

    boxes: tuple[Cover, ...]
    outcome: Hashable


def treat_alike(first: Bundle, second: Bundle) -> bool:
    """Whether it is proved that every request gets the same class, models and fallbacks."""
    if not (_same_vocabulary(first, second) and _same_matrix(first, second)):
        return False
    if not _same_models(first, second):
        return False
    boxes = [box for bundle in (first, second) for box in _boxes(bundle)]
    space = Space(first.request_classification.policy_vocabulary, boxes)
    solver = Solver(space, QUESTION_BUDGET, TOTAL_BUDGET)
    try:
        of_class = [_class_pieces(b.request_classification, space) for b in (first, second)]
        if not _come_to_the_same(space, solver, *of_class):
            return False
        requests = Classes(first.request_classification, solver)
        return _come_to_the_same(
            space, requests, *(_route_pieces(bundle, space) for bundle in (first, second))
        )
    except Undecided:
        return False


def _same_vocabulary(first: Bundle, second: Bundle) -> bool:
    """The same classes, splits by the same key, and every tested attribute declared alike."""
    one, other = first.request_classification, second.request_classification
    if set(one.class_keys) != set(other.class_keys):
        return False
    if first.router_policy.sticky_on != second.router_policy.sticky_on:
        return False
    tested = {name for bundle in (first, second) for name in _names(bundle)} - {"class"}
    return all(_meaning(one, name) == _meaning(other, name) for name in tested)


def _names(bundle: Bundle) -> Iterable[str]:
    yield from (name for box in _boxes(bundle) for name, _ in box.tests)
    if bundle.router_policy.sticky_on is not None:
        yield bundle.router_policy.sticky_on


def _meaning(classification: RequestClassification, name: str) -> Hashable:
    attribute: Attribute | None = classification.declared.get(name)
    if attribute is None:
        return None
    values = None if attribute.values is None else frozenset(attribute.values)
    return attribute.type, values, attribute.derived_from


def _same_matrix(first: Bundle, second: Bundle) -> bool:
    """The same answer to every failure of every model that either bundle names."""
    one, other = first.fallback_matrix, second.fallback_matrix
    if one.limits != other.limits:
        return False
    models = sorted(first.model_names() | second.model_names())
    return all(
        (was and (was.retries, was.then)) == (now and (now.retries, now.then))
        for model in models
        for key in first.request_classification.class_keys
        for kind in FAILURE_KINDS
        for was, now in [(one.row_for(model, key, kind), other.row_for(model, key, kind))]
    )


def _same_models(first: Bundle, second: Bundle) -> bool:
    """The same facts and prices of every model that both bundles name."""
    one, other = first.catalogue.models, second.catalogue.models
    common = first.model_names() & second.model_names()
    return all(_facts(one[name].to_json()) == _facts(other[name].to_json()) for name in common)


def _facts(model: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in model.items() if key != "label"}


def _conditions(bundle: Bundle) -> Iterable[Condition]:
    yield from (rule.when for rule in bundle.request_classification.rules)
    yield from (rule.when for rule in bundle.router_policy.rules)


def _boxes(bundle: Bundle) -> Iterable[Box]:
    yield from (box for condition in _conditions(bundle) for box in condition.boxes)
    yield from (box for box, _ in provided_boxes(bundle.request_classification))


def _class_pieces(classification: RequestClassification, space: Space) -> list[_Piece]:
    given = [
        _Piece(boxes_of(space, Condition((box,))), key)
        for box, key in provided_boxes(classification)
    ]
    ruled = [_Piece(boxes_of(space, r.when), r.class_key) for r in classification.rules]
    return [*given, *ruled, _Piece(_everything(space), classification.default_class)]


def _route_pieces(bundle: Bundle, space: Space) -> list[_Piece]:
    policy, catalogue = bundle.router_policy, bundle.catalogue
    ruled = [
        _Piece(boxes_of(space, rule.when), effect_of(catalogue, rule.route, policy.default))
        for rule in policy.rules
    ]
    last = effect_of(catalogue, policy.default, policy.default)
    return [*ruled, _Piece(_everything(space), last)]


def _everything(space: Space) -> tuple[Cover, ...]:
    return (space.as_cover(space.full),)


def _come_to_the_same(
    space: Space, requests: Requests, first: Sequence[_Piece], second: Sequence[_Piece]
) -> bool:
    shared = 0
    while shared < min(len(first), len(second)) and first[shared] == second[shared]:
        shared += 1
    settled = together(cover for piece in first[:shared] for cover in piece.boxes)
    before = settled
    for piece in first[shared:]:
        against = before
        for other in second[shared:]:
            if piece.outcome != other.outcome and _have_common(
                space, requests, (piece, other), against
            ):
                return False
            against |= together(other.boxes)
        before |= together(piece.boxes)
    return True


def _have_common(
    space: Space, requests: Requests, pieces: tuple[_Piece, _Piece], covers: int
) -> bool:
    """Whether some request outside the covers is in both pieces."""
    return any(
        space.is_box(one.box & other.box) and requests.ask(one.box & other.box, covers) is not None
        for one in pieces[0].boxes
        for other in pieces[1].boxes
    )
