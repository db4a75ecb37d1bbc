"""The blast radius drawn: requests from the model of today to that of the candidate."""

from __future__ import annotations

from evaluations.figures.evaluation import Figure, flows
from evaluations.impact import Impact


def moves_figure(impact: Impact) -> Figure | None:
    """Sankey of model → model; None when nothing moves or nothing is in force to move from."""
    if not impact.base_digest:
        return None
    return flows(
        [
            {"from": move.source, "to": move.target, "requests": move.requests}
            for move in impact.moves
        ]
    )
