"""What an evaluation found, as the review page tells it: pure, read from the check's JSON.

Whoever evaluates writes the words, with each figure's unit; here they are only put in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ALL_CLASSES = "*"


@dataclass(frozen=True)
class Comparison:
    """One metric of one class (``*``: of all) under both bundles, in words.

    `direction` is better, worse, same, unclear (the interval holds zero) or unknown; `interval`
    bounds `change` with 95 % and is empty where nothing can be told; `n` counts requests.
    """

    metric: str
    label: str
    layer: str
    class_key: str
    direction: str
    before: str
    after: str
    change: str
    relative: str
    interval: str
    n: int

    @property
    def is_of_a_class(self) -> bool:
        return self.class_key != ALL_CLASSES


@dataclass(frozen=True)
class EvidenceFacts:
    """`worse` is everything with its interval on the bad side of zero, of `compared` in all.

    `in_short` has a figure for quality, reliability, cost and speed, by name. `failed_calls` are
    those under the base and under the candidate. Counts of requests are in `support`.
    """

    worse: tuple[Comparison, ...]
    compared: int
    in_short: tuple[tuple[str, Comparison], ...]
    failed_calls: tuple[int, int]
    support: Mapping[str, Any]

    def worse_in(self, layer: str) -> list[Comparison]:
        return [one for one in self.worse if one.layer == layer]


def evidence_facts(detail: Mapping[str, Any] | None) -> EvidenceFacts | None:
    """None for what was not evaluated, or kept without what gets worse."""
    if not detail or "worse" not in detail:
        return None
    failed = detail["failed_calls"]
    return EvidenceFacts(
        worse=tuple(_comparison(row) for row in detail["worse"]),
        compared=int(detail["compared"]),
        in_short=tuple((str(row["name"]), _comparison(row)) for row in detail["in_short"]),
        failed_calls=(int(failed["baseline"]), int(failed["candidate"])),
        support=detail["support"],
    )


def _comparison(row: Mapping[str, Any]) -> Comparison:
    words = ("metric", "label", "layer", "direction", "before", "after", "change", "relative")
    return Comparison(
        class_key=str(row["class"]),
        interval=str(row["interval"]),
        n=int(row["n"]),
        **{name: str(row[name]) for name in words},
    )
