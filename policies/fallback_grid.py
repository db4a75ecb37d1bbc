"""The fallback matrix as a grid: what follows each model on each kind of failure. Pure."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Cell:
    """``row`` is the number of the row that answers; None where the chain stops at once."""

    kind: str
    retries: int
    chain: tuple[str, ...]
    row: int | None
    inherited: bool


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
    lines = [
        Line(model, key, tuple(_cell(bundle, model, key, kind) for kind in kinds))
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
    rules = policy.get("rules") if isinstance(policy, dict) else None
    routes = [rule.get("route") for rule in rules or [] if isinstance(rule, dict)]
    routes.append(policy.get("default") if isinstance(policy, dict) else None)
    candidates = [
        candidate
        for route in routes
        if isinstance(route, dict) and isinstance(route.get("candidates"), list)
        for candidate in route["candidates"]
    ]
    names = [entry.get("model") for entry in candidates if isinstance(entry, dict)]
    return {name for name in names if isinstance(name, str) and name}


def _classes_of(matrix: FallbackMatrix, model: str) -> list[str]:
    keys = [row.class_key for row in matrix.rows if row.model in (model, ANY_MODEL)]
    return list(dict.fromkeys(key for key in keys if key is not None))


def _cell(bundle: Bundle, model: str, class_key: str | None, kind: str) -> Cell:
    matrix = bundle.fallback_matrix
    row = matrix.row_for(model, class_key, kind)
    chain = full_chain(bundle, class_key or "", model, kind)
    if row is None:
        return Cell(kind, 0, chain, None, False)
    inherited = row.model != model or row.class_key != class_key
    return Cell(kind, row.retries.count, chain, matrix.rows.index(row) + 1, inherited)
