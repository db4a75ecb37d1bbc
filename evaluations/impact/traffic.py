"""Recorded requests as the blast radius needs them, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.engine import Request

# Attributes by which the requests of a source are told apart for whom they serve; first found.
DIVISIONS = ("tenant", "tier")


@dataclass(frozen=True, slots=True)
class Use:
    """What one recorded call of a model used. Cost in 10⁻⁹ US dollars, sizes in tokens."""

    cost: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class TrafficRequest:
    """One request; `calls` holds the first recorded call of each model that was asked."""

    request: Request
    cluster: str
    calls: Mapping[str, Use] = field(default_factory=dict)
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Which requests were looked at.

    `key` names the very content (a dataset's digest, or a week of outcomes). `requests` is how
    many there are; of a large source only a part is looked at. `divided_by` is the attribute that
    tells tenants apart, empty where there is none.
    """

    kind: str  # "dataset" | "week" | "nothing"
    key: str
    name: str
    requests: int = 0
    divided_by: str = ""


NOTHING = Source("nothing", "", "nothing recorded yet")
