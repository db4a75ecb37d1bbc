"""The demo's past is walked through the real services, so its audit trail reads as one story."""

from __future__ import annotations

import json

from tests.services.console import Console


def test_audit_trail_of_the_demo__is_whole_and_tells_things_in_the_order_they_happened(
    demo_console: Console,
) -> None:
    demo_console.manage("audit", "verify")
    rows = [json.loads(line) for line in demo_console.manage("audit", "export").splitlines()]
    times = [row["time"] for row in rows]
    assert len(times) > 50
    plans = [row["detail"] for row in rows if row["action"] == "evidence_plan.set"]
    assert [plan["environment"] for plan in plans] == ["staging", "production"]
    assert times == sorted(times)
