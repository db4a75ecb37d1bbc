"""The blast radius of a policy: what another bundle would do with recorded requests. Pure.

`measure` sends every request through two bundles, but decides only once for all requests that
neither bundle can tell apart (`lens`), so that a draft is answered while its author waits.
"""

from evaluations.impact.measure import measure
from evaluations.impact.result import CostChange, Impact, Move, Slice
from evaluations.impact.traffic import Source, TrafficRequest, Use

__all__ = [
    "CostChange",
    "Impact",
    "Move",
    "Slice",
    "Source",
    "TrafficRequest",
    "Use",
    "measure",
]
