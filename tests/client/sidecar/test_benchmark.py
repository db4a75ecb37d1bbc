"""The benchmark of decision 0034 still runs; what it measures is no test's business."""

from __future__ import annotations

import pytest

from tests.benchmarks import sidecar_speed


def test_benchmark__in_small__has_a_row_for_each_way_of_serving(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidecar_speed, "CONNECTIONS", (1, 4))
    sidecar_speed.main(40)
    rows = capsys.readouterr().out.splitlines()
    assert [row.split(" | ")[0] for row in rows[1:]] == ["| event loop", "| threads"]
    assert all(row.count("µs") == 2 for row in rows[1:])
