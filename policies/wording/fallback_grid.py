"""The fallback matrix as a grid: what follows each model on each kind of failure. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from policies.engine import (
    FAILURE_KINDS,
    Bundle,
    DocumentError,
    FallbackMatrix,
    QualityThresholds,
    RequestClassification,
    RouterPolicy,
    full_chain,
    parse_catalogue,
)
from policies.engine.fallback import ANY_MODEL, parse_fallback_matrix
from policies.engine.routing import Route
from policies.wording.fallback_stops import Stop, Wish, stops_of


@dataclass(frozen=True)
class Cell:
    """``row`` is the number of the row that answers; None where the chain stops at once."""

    kind: str
    retries: int
    chain: tuple[str, ...]
    row: int | None
    inherited: bool
    stops: tuple[Stop, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Line:
    model: str
    class_key: str | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Grid:
    kinds: tuple[str, ...]
    lines: tuple[Line, ...]
    unanswered: tuple[str, ...]


def grid_of(fallback: Any, policy: Any, catalogue: Any) -> Grid | None:
    """The grid of raw documents; None while the matrix or the catalogue is not right.

    Its lines are the models that the policy or the matrix names, once more for each class that
    has rows of its own. Only failure kinds that some row answers are columns.
    """
    try:
        bundle = _bundle(parse_fallback_matrix(fallback), catalogue)
    except DocumentError:
        return None
    answered = {kind for row in bundle.fallback_matrix.rows for kind in row.on}
    kinds = tuple(kind for kind in FAILURE_KINDS if kind in answered)
    wishes = _wishes(policy)
    lines = [
        Line(
            model,
            key,
            tuple(_cell(bundle, model, key, kind, wishes.get(model, [])) for kind in kinds),
        )
        for model in _models(bundle.fallback_matrix, policy)
        for key in (None, *_classes_of(bundle.fallback_matrix, model))
    ]
    return Grid(kinds, tuple(lines), tuple(kind for kind in FAILURE_KINDS if kind not in answered))


def _bundle(matrix: FallbackMatrix, catalogue: Any) -> Bundle:
    """A bundle for looking up chains: they depend on the matrix and the catalogue alone."""
    return Bundle(
        request_classification=RequestClassification((), (), (), ""),
        router_policy=RouterPolicy((), Route("ordered", (), "-")),
        fallback_matrix=matrix,
        quality_thresholds=QualityThresholds(),
        catalogue=parse_catalogue(catalogue),
    )


def _models(matrix: FallbackMatrix, policy: Any) -> list[str]:
    routed = sorted(_routed(policy))
    rowed = [row.model for row in matrix.rows if row.model != ANY_MODEL]
    targets = [target for row in matrix.rows for target in row.then]
    return list(dict.fromkeys([*routed, *rowed, *targets]))


def _routed(policy: Any) -> set[str]:
    """Models that a raw policy may choose first."""
    return {name for _, route in _routes(policy) for name in _candidates(route)}


def _routes(policy: Any) -> list[tuple[str, dict[str, Any]]]:
    """The routes of a raw policy by the names of their rules."""
    if not isinstance(policy, dict):
        return []
    routes = [(str(rule.get("id")), rule.get("route")) for rule in _members(policy.get("rules"))]
    routes.append(("the default", policy.get("default")))
    return [(name, route) for name, route in routes if isinstance(route, dict)]


def _members(value: Any) -> list[dict[str, Any]]:
    """The objects of what should be a list of them."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _candidates(route: dict[str, Any]) -> list[str]:
    names = [entry.get("model") for entry in _members(route.get("candidates"))]
    return [name for name in names if isinstance(name, str) and name]


def _wishes(policy: Any) -> dict[str, list[Wish]]:
    """What the routes that may choose a model demand, by model."""
    found: dict[str, list[Wish]] = {}
    for rule, route in _routes(policy):
        demands = route.get("constraints")
        demands = demands if isinstance(demands, dict) else {}
        wish = Wish(rule, _words(demands.get("regions")), _words(demands.get("capabilities")))
        for model in dict.fromkeys(_candidates(route)):
            found.setdefault(model, []).append(wish)
    return found


def _words(value: Any) -> tuple[str, ...]:
    words = value if isinstance(value, list) else []
    return tuple(word for word in words if isinstance(word, str))


def _classes_of(matrix: FallbackMatrix, model: str) -> list[str]:
    keys = [row.class_key for row in matrix.rows if row.model in (model, ANY_MODEL)]
    return list(dict.fromkeys(key for key in keys if key is not None))


def _cell(bundle: Bundle, model: str, class_key: str | None, kind: str, wishes: list[Wish]) -> Cell:
    matrix = bundle.fallback_matrix
    row = matrix.row_for(model, class_key, kind)
    chain = full_chain(bundle, class_key or "", model, kind)
    if row is None:
        return Cell(kind, 0, chain, None, False)
    inherited = row.model != model or row.class_key != class_key
    stops = stops_of(bundle, model, class_key, kind, wishes)
    return Cell(kind, row.retries.count, chain, matrix.rows.index(row) + 1, inherited, stops)
