"""Findings about rows of the matrix: failures that none answers, retries and targets in vain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..bundle import Bundle
from ..fallback import ANSWERABLE, OUTAGES, REPEATING, FallbackRow
from ..suitability import is_outgrown
from .fallback_graph import destinations, kinds_of, rows_for
from .findings import INFO, WARNING, Finding, listed, name_of
from .regions import POLICY, Region
from .space import Space
from .starts import Start


def row_findings(bundle: Bundle, space: Space, starts: Iterable[Start]) -> Iterator[Finding]:
    """All of them, each once however many rules and classes lead to it."""
    starts = list(starts)
    yield from _unanswered(bundle, space, starts)
    answered = _answered(bundle, starts)
    for index, row in enumerate(bundle.fallback_matrix.rows):
        pointer = f"/fallback_matrix/rows/{index}"
        yield from _repeating(row, pointer)
        yield from _no_larger(bundle, row, pointer, answered.get(row, {}))


def _unanswered(bundle: Bundle, space: Space, starts: list[Start]) -> Iterator[Finding]:
    """First choices that fail in a way that no row answers: the request fails with them."""
    matrix = bundle.fallback_matrix
    missing: dict[str, list[tuple[Start, list[str]]]] = {}
    for start in starts:
        kinds = [k for k in ANSWERABLE if matrix.row_for(start.model, start.class_key, k) is None]
        if kinds:
            missing.setdefault(start.model, []).append((start, kinds))
    for model, found in missing.items():
        kinds = [kind for kind in ANSWERABLE if any(kind in some for _, some in found)]
        by_class = {key for start, _ in found for key in start.classes}
        everywhere = {key for start in starts if start.model == model for key in start.classes}
        scoped = sorted(by_class) if by_class < everywhere else []
        scope = f" on requests of class {listed(scoped)}" if scoped else ""
        how = "in any way" if len(kinds) == len(ANSWERABLE) else f"with {listed(kinds)}"
        first = found[0][0]
        yield Finding(
            kind="fallback_missing",
            name=name_of("fallback_missing", model),
            severity=WARNING if set(kinds) & set(OUTAGES) else INFO,
            pointer="/fallback_matrix/rows",
            sentence=f"No row answers when {model} fails {how}{scope}: the request fails with it.",
            rules=tuple(dict.fromkeys(start.rule_id for start, _ in found)),
            witness=first.witness(bundle, space),
            region=Region(POLICY, classes=tuple(scoped), models=(model,)),
        )


def _repeating(row: FallbackRow, pointer: str) -> Iterator[Finding]:
    """Retries of failures that the same call meets again."""
    kinds = [kind for kind in row.on if kind in REPEATING]
    if row.retries.count and kinds:
        scope = [row.class_key] if row.class_key else []
        yield Finding(
            kind="retry_repeats_failure",
            name=name_of("retry_repeats_failure", row.model, *scope, *kinds),
            severity=WARNING,
            pointer=f"{pointer}/retries/count",
            sentence=(
                f"Retries after {listed(kinds)} fail alike: it is the same call to the same model. "
                "Answer these in a row without retries."
            ),
        )


def _answered(bundle: Bundle, starts: list[Start]) -> dict[FallbackRow, dict[str, set[str]]]:
    """For each row the models, among all that requests get to, whose failures it answers."""
    found: dict[FallbackRow, dict[str, set[str]]] = {}
    for start in starts:
        for model in (start.model, *destinations(bundle, start)):
            for row in rows_for(bundle.fallback_matrix, model, start.class_key):
                kinds = kinds_of(bundle.fallback_matrix, model, start.class_key, row)
                found.setdefault(row, {}).setdefault(model, set()).update(kinds)
    return found


def _no_larger(
    bundle: Bundle, row: FallbackRow, pointer: str, answered: dict[str, set[str]]
) -> Iterator[Finding]:
    """Targets after ``context_window`` that hold no more than any model that fails with it. Where
    the row answers other failures too, they still serve those, and are told if there are no others.
    """
    models = bundle.catalogue.models
    failing = [name for name, kinds in answered.items() if "context_window" in kinds]
    failing = [name for name in failing if models[name].context_window is not None]
    vain = [
        target
        for target in row.then
        if any(name != target for name in failing)
        and all(is_outgrown(models[target], models[name].context_window) for name in failing)
    ]
    only = set().union(*answered.values()) == {"context_window"}
    if not vain or (not only and len(vain) < len(row.then)):
        return
    sizes = {name: models[name].context_window for name in (*failing, *vain)}
    first = max(failing, key=lambda name: sizes[name] or 0)
    passed = "it is" if len(vain) == 1 else "they are"
    yield Finding(
        kind="fallback_no_larger_window",
        name=name_of("fallback_no_larger_window", row.model, *vain),
        severity=WARNING if only else INFO,
        pointer=pointer,
        sentence=(
            f"A request that is too long for {first} ({sizes[first]} tokens) is too long for "
            f"{listed([f'{name} ({sizes[name]})' for name in vain])}: after context_window "
            f"{passed} passed over."
        ),
        region=Region(POLICY, models=tuple(failing)),
    )
