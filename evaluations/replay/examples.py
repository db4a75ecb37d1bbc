"""The requests that changed most: a bounded list that is the same however chunks are cut."""

from typing import Any

from evaluations.replay.outcome import Outcome
from evaluations.replay.recorded import RecordedRequest

KEPT = 12
_PROMPT = 600
_HOLD = 200


class Examples:
    """Keeps the `KEPT` requests that lost most and that gained most.

    Order: quality difference, then cost difference (dearer first among losses), then request id.
    Requests on which both bundles do the same are never listed.
    """

    def __init__(self) -> None:
        self._lost: list[dict[str, Any]] = []
        self._gained: list[dict[str, Any]] = []

    def add(self, recorded: RecordedRequest, before: Outcome, after: Outcome) -> None:
        """Consider one request."""
        if before.path == after.path or before.unsupported or after.unsupported:
            return
        quality = _difference(before.quality, after.quality)
        cost = _difference(before.cost, after.cost)
        if quality == 0 and cost == 0:
            return
        lost = quality < 0 or (quality == 0 and cost > 0)
        target = self._lost if lost else self._gained
        target.append(_example(recorded, before, after, quality, cost))
        if len(target) >= _HOLD:
            target[:] = most_changed(target)

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """The kept examples, most changed first."""
        return {"lost": most_changed(self._lost), "gained": most_changed(self._gained)}


def most_changed(examples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first `KEPT` in order of change; merging kept lists gives the list of the whole."""
    return sorted(examples, key=_order)[:KEPT]


def _order(example: dict[str, Any]) -> tuple[int, int, str]:
    return (-abs(example["quality"]), -abs(example["cost"]), example["request_id"])


def _difference(before: int | None, after: int | None) -> int:
    return 0 if before is None or after is None else after - before


def _example(
    recorded: RecordedRequest, before: Outcome, after: Outcome, quality: int, cost: int
) -> dict[str, Any]:
    prompt = recorded.request.prompt
    return {
        "request_id": recorded.request_id,
        "class": before.class_key,
        "prompt": None if prompt is None else prompt[:_PROMPT],
        "attributes": dict(recorded.request.attributes),
        "quality": quality,
        "cost": cost,
        "baseline": _outcome(before),
        "candidate": _outcome(after),
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "class": outcome.class_key,
        "path": [list(step) for step in outcome.path],
        "quality": outcome.quality,
        "cost": outcome.cost,
        "latency": outcome.latency,
        "error": outcome.error,
    }
