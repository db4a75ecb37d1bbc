"""The fallback matrix as a grid of models and failures."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from policies.wording.fallback_grid import Cell, grid_of
from tests.engine.strategies import bundle_documents, json_values
from tests.policies.steps import documents

CATALOGUE: dict[str, Any] = {
    "providers": {"acme": {"label": "Acme"}},
    "models": {
        name: {"provider": "acme"} for name in ("swift-small", "swift-large", "orchid", "gone")
    }
    | {"gone": {"provider": "acme", "status": "retired"}},
}


def cell(matrix: Any, model: str, kind: str, class_key: str | None = None) -> Cell:
    grid = grid_of(matrix, documents()["router_policy"], CATALOGUE)
    assert grid is not None
    [line] = [line for line in grid.lines if (line.model, line.class_key) == (model, class_key)]
    return line.cells[grid.kinds.index(kind)]


def test_chain__goes_on_through_the_rows_of_its_targets() -> None:
    found = cell(documents()["fallback_matrix"], "swift-small", "timeout")
    assert found == Cell("timeout", 0, ("orchid", "swift-large"), 1, False)


def test_row_for_any_model__is_marked_as_inherited() -> None:
    matrix = {"schema": 1, "rows": [{"model": "*", "on": ["auth"], "then": ["orchid"]}]}
    assert cell(matrix, "swift-large", "auth").inherited
    assert cell(matrix, "orchid", "auth").chain == ()


def test_class_with_rows_of_its_own__has_a_line_of_its_own() -> None:
    row = {"model": "orchid", "class": "simple", "on": ["timeout"], "retries": {"count": 2}}
    matrix = {"schema": 1, "rows": [row]}
    assert cell(matrix, "orchid", "timeout", "simple").retries == 2
    assert cell(matrix, "orchid", "timeout").row is None


def test_retired_target__is_no_part_of_the_chain() -> None:
    matrix = {"schema": 1, "rows": [{"model": "orchid", "on": ["auth"], "then": ["gone"]}]}
    assert cell(matrix, "orchid", "auth").chain == ()


def test_drawn_chain__names_retries_and_what_is_left_out_and_why() -> None:
    row = {"model": "orchid", "on": ["auth"], "retries": {"count": 2}, "then": ["gone", "far"]}
    catalogue: Any = {
        **CATALOGUE,
        "models": CATALOGUE["models"] | {"far": {"provider": "acme", "regions": ["us"]}},
    }
    route = {"candidates": [{"model": "orchid"}], "constraints": {"regions": ["eu"]}}
    policy: Any = {"rules": [{"id": "p1", "route": route}], "default": {}}
    grid = grid_of({"schema": 1, "rows": [row]}, policy, catalogue)
    assert grid is not None
    [line] = [line for line in grid.lines if line.model == "orchid"]
    first, gone, far, end = line.cells[0].stops
    assert (first.label, first.why, first.excluded) == ("orchid", "2 retries", False)
    assert (gone.label, gone.why, gone.excluded) == ("gone", "gone is retired", True)
    assert far.excluded and "needed is one of" in far.why
    assert end.label == "stop"
    policy["default"] = {"candidates": [{"model": "orchid"}]}
    grid = grid_of({"schema": 1, "rows": [row]}, policy, catalogue)
    assert grid is not None
    [line] = [line for line in grid.lines if line.model == "orchid"]
    assert not line.cells[0].stops[2].excluded
    assert line.cells[0].stops[2].why.startswith("left out for p1: ")


def test_drawn_chain__after_context_window__says_which_targets_hold_no_more() -> None:
    row = {"model": "orchid", "on": ["context_window"], "then": ["gone", "swift-large"]}
    windows = {"orchid": 8192, "gone": 8192, "swift-large": 64_000}
    models = {
        name: {"provider": "acme", "context_window": windows.get(name)}
        for name in CATALOGUE["models"]
    }
    policy: Any = {"rules": [], "default": {"candidates": [{"model": "orchid"}]}}
    grid = grid_of({"schema": 1, "rows": [row]}, policy, {**CATALOGUE, "models": models})
    assert grid is not None
    [line] = [line for line in grid.lines if line.model == "orchid"]
    stops = {stop.label: stop for stop in line.cells[0].stops}
    assert stops["gone"].excluded
    assert stops["gone"].why == "gone holds 8192 tokens; the request is longer than 8192"
    assert not stops["swift-large"].excluded


def test_kinds_no_row_answers__are_named_instead_of_drawn() -> None:
    grid = grid_of(documents()["fallback_matrix"], None, CATALOGUE)
    assert grid is not None
    assert grid.kinds == (
        "rate_limit", "quota_exhausted", "timeout", "server_error", "overloaded", "network",
    )  # fmt: skip
    assert "auth" in grid.unanswered


def test_matrix_that_is_not_right__has_no_grid() -> None:
    assert grid_of({"schema": 1, "rows": [{}]}, None, CATALOGUE) is None


@given(bundle_documents(), json_values)
def test_grid__of_anything__never_raises(bundle: Any, junk: Any) -> None:
    grid_of(bundle["fallback_matrix"], junk, bundle["catalogue"])
    grid_of(bundle["fallback_matrix"], {"rules": [junk], "default": junk}, bundle["catalogue"])
    grid_of(junk, bundle["router_policy"], bundle["catalogue"])
