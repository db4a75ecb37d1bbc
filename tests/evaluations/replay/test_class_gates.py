"""Gates of classes that fail together: Holm's procedure, by judging at smaller errors."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.replay.class_gates import confirmed
from evaluations.statistics.gates import FAIL, INCONCLUSIVE
from evaluations.statistics.multiplicity import holm
from policies.engine.thresholds import Threshold
from tests.evaluations.bundles import TASK, classification, rule_bundle
from tests.evaluations.outcome_files import held, load, row, write_jsonl
from tests.evaluations.replay.test_gates import gate


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=12))
def test_confirmed__any_p_values__are_those_that_holm_rejects(p_values: list[float]) -> None:
    gates = {
        place: Threshold(str(place), "", "mean_quality", "non_inferiority", "gte", "gate")
        for place in range(len(p_values))
    }

    def fails(threshold: Threshold) -> bool:
        return p_values[int(threshold.id)] <= (1 - threshold.confidence) * (1 + 1e-9)

    failing = {place: t for place, t in gates.items() if fails(t)}
    expected = {place for place, p in enumerate(holm(p_values)) if p <= (1 - 0.95) * (1 + 1e-9)}
    assert confirmed(failing, len(gates), fails) == expected


@pytest.mark.parametrize(("classes", "verdict"), [(1, FAIL), (20, INCONCLUSIVE)])
def test_gate__of_one_class_among_many__fails_only_beyond_chance(
    tmp_path: Path, classes: int, verdict: str
) -> None:
    keys = [f"k{i}" for i in range(classes)]
    source = random.Random(3)
    rows = []
    for i in range(100 * classes):
        # The first class loses 12 of 100; the others lose and win alike.
        lost = i % 9 == 0 if i < 100 else source.random() < 0.02
        won = i >= 100 and source.random() < 0.02
        task = keys[i // 100]
        rows.append(row(f"r{i}", "old", quality=float(not won), task=task))
        rows.append(row(f"r{i}", "new", quality=float(not lost), task=task))
    document = classification(
        [TASK],
        classes=[{"key": k, "label": k, "risk": "low", "description": ""} for k in keys],
        rules=[{"id": k, "when": {"task": {"in": [k]}}, "class": k} for k in keys[1:]],
        default_class=keys[0],
    )
    gates = [gate("mean_quality", **{"id": k, "class": k}) for k in keys]
    loaded = load(write_jsonl(tmp_path / "rows.jsonl", rows), tmp_path)
    report = loaded.report(
        rule_bundle("old", classes=document), rule_bundle("new", classes=document, thresholds=gates)
    )
    first = report.body["gates"][0]
    assert first["verdict"] == verdict
    assert ("Holm" in first["reason"]) == (verdict == INCONCLUSIVE)


def test_gate__that_the_release_in_force_had__is_not_diluted_by_new_ones(tmp_path: Path) -> None:
    """One class loses beyond its margin. Its gate is old; the author adds twenty of other classes,
    among which a fail so near to its limit would be one of chance."""
    keys = [f"k{i}" for i in range(21)]
    rows = []
    for i in range(100 * len(keys)):
        lost = i % 9 == 0 and i < 100
        for model, quality in (("old", 1.0), ("new", float(not lost))):
            rows.append(row(f"r{i}", model, quality=quality, task=keys[i // 100]))
    document = classification(
        [TASK],
        classes=[{"key": k, "label": k, "risk": "low", "description": ""} for k in keys],
        rules=[{"id": k, "when": {"task": {"in": [k]}}, "class": k} for k in keys[1:]],
        default_class=keys[0],
    )
    gates = [gate("mean_quality", **{"id": k, "class": k}) for k in keys]
    loaded = held(rows)
    for standing, verdict in ((gates[:1], FAIL), ([], INCONCLUSIVE)):
        report = loaded.report(
            rule_bundle("old", classes=document, thresholds=standing),
            rule_bundle("new", classes=document, thresholds=gates),
        )
        assert report.body["gates"][0]["verdict"] == verdict, report.body["gates"][0]["reason"]
