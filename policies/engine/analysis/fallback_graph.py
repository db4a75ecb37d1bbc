"""Who may take over from whom: the fallback matrix as a graph, and its cycles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..bundle import Bundle
from ..fallback import ANY_MODEL, FAILURE_KINDS, FallbackMatrix, FallbackRow
from ..suitability import (
    Exclusion,
    Requirements,
    is_outgrown,
    lacks_capability,
    lacks_region,
    lacks_service,
)
from .starts import Start

Edges = dict[str, tuple[str, ...]]


def rows_for(matrix: FallbackMatrix, model: str, class_key: str) -> list[FallbackRow]:
    """The rows that answer some failure of a model on requests of a class, without repetition."""
    rows: list[FallbackRow] = []
    for kind in FAILURE_KINDS:
        row = matrix.row_for(model, class_key, kind)
        if row is not None and row not in rows:
            rows.append(row)
    return rows


def skipped(bundle: Bundle, wanted: Requirements, target: str) -> Exclusion | None:
    """Why a chain with these requirements always passes a target over; None if it does not.

    As the engine does, request sizes aside: the catalogue, then what ``preserve`` keeps.
    """
    out = lacks_service(bundle.catalogue, target)
    if out:
        return out
    model, preserve = bundle.catalogue.models[target], bundle.fallback_matrix.limits.preserve
    if preserve.regions:
        out = lacks_region(model, wanted.regions)
    if out is None and preserve.capabilities:
        out = lacks_capability(model, wanted.capabilities)
    return out


def kinds_of(matrix: FallbackMatrix, model: str, class_key: str, row: FallbackRow) -> list[str]:
    """The failures of a model, on requests of a class, that the row answers."""
    return [kind for kind in row.on if matrix.row_for(model, class_key, kind) == row]


def helps(bundle: Bundle, model: str, class_key: str, row: FallbackRow, target: str) -> bool:
    """Whether a target of the row can serve some request on which the model failed: not where the
    row answers nothing but ``context_window`` and the target holds no more.
    """
    if kinds_of(bundle.fallback_matrix, model, class_key, row) != ["context_window"]:
        return True
    models = bundle.catalogue.models
    return is_outgrown(models[target], models[model].context_window) is None


def destinations(bundle: Bundle, start: Start) -> dict[str, FallbackRow]:
    """Every model that some sequence of failures leads to, with the row that first names it."""
    found: dict[str, FallbackRow] = {}
    waiting = [start.model]
    for model in waiting:
        for row in rows_for(bundle.fallback_matrix, model, start.class_key):
            for target in row.then:
                new = target != start.model and target not in found
                new = new and skipped(bundle, start.requirements, target) is None
                if new and helps(bundle, model, start.class_key, row, target):
                    found[target] = row
                    waiting.append(target)
    return found


def edges_for(bundle: Bundle, class_key: str) -> Edges:
    """Model → targets of its rows.

    A target in the list of a "*" row is not led back to that list by failing itself: the list
    simply goes on. So "*" rows lead only from the models that they do not name.
    """
    edges: Edges = {}
    for model in sorted(bundle.model_names()):
        targets: dict[str, None] = {}
        for row in rows_for(bundle.fallback_matrix, model, class_key):
            if row.model != ANY_MODEL or model not in row.then:
                targets |= dict.fromkeys(row.then)
        edges[model] = tuple(targets)
    return edges


def strongly_connected(edges: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """Sets of two or more nodes that lead to one another, each sorted (Tarjan 1972).

    Without recursion, so that a long chain of fallbacks cannot exhaust the stack.
    """
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    found: list[tuple[str, ...]] = []
    for root in edges:
        if root not in order:
            _visit(root, edges, order, low, path, found)
    return found


def _visit(
    root: str,
    edges: Mapping[str, Iterable[str]],
    order: dict[str, int],
    low: dict[str, int],
    path: list[str],
    found: list[tuple[str, ...]],
) -> None:
    order[root] = low[root] = len(order)
    path.append(root)
    calls = [(root, iter(edges.get(root, ())))]
    while calls:
        node, rest = calls[-1]
        target = next(rest, None)
        if target is None:
            calls.pop()
            if calls:
                low[calls[-1][0]] = min(low[calls[-1][0]], low[node])
            if low[node] == order[node]:
                _close(node, path, found)
        elif target not in order:
            order[target] = low[target] = len(order)
            path.append(target)
            calls.append((target, iter(edges.get(target, ()))))
        elif target in path:
            low[node] = min(low[node], order[target])


def _close(node: str, path: list[str], found: list[tuple[str, ...]]) -> None:
    start = path.index(node)
    if len(path) - start > 1:
        found.append(tuple(sorted(path[start:])))
    del path[start:]


def shortest_cycle(edges: Mapping[str, Iterable[str]], component: tuple[str, ...]) -> list[str]:
    """A shortest way from the component's first node back to it, that node at both ends."""
    first = component[0]
    ways = [[first]]
    seen: set[str] = set()
    for way in ways:
        for target in edges[way[-1]]:
            if target == first:
                return [*way, first]
            if target in component and target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []
