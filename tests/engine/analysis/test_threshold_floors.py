"""Gates that ask for less evidence than a gate may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.analysis.documents import analysis

GATE = {
    "id": "quality", "metric": "mean_quality", "comparison": "non_inferiority", "margin": 0.01,
}  # fmt: skip


def kinds(**asked: Any) -> list[tuple[str, str]]:
    found = analysis(thresholds=[{**GATE, **asked}])
    return [(f.kind, f.severity) for f in found.findings if f.kind.startswith("threshold_")]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"confidence": 0.5}, ["threshold_confidence"]),
        ({"min_samples": 1}, ["threshold_min_samples"]),
        (
            {"confidence": 0.89, "min_samples": 29},
            ["threshold_confidence", "threshold_min_samples"],
        ),
        ({"confidence": 0.9, "min_samples": 30}, []),
    ],
)
def test_gate__below_the_floors__is_an_error(asked: dict[str, Any], expected: list[str]) -> None:
    assert kinds(effect="gate", **asked) == [(kind, "error") for kind in expected]


def test_alarm__with_little_confidence__is_its_owners_choice() -> None:
    assert kinds(effect="alarm", confidence=0.5, min_samples=1) == []
