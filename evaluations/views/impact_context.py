"""What the pages of an impact show: figures, slices by class and by rule, moves between models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from evaluations.figures.evaluation import model_name
from evaluations.figures.impact import moves_figure
from evaluations.impact import Impact, Move, Slice
from evaluations.impact.wording import (
    BASES,
    cost_sentence,
    headline,
    notices,
    per_thousand,
    requests_named,
    share_text,
    signed_percent,
)

SHOWN = 20


@dataclass(frozen=True)
class Row:
    """A class or a tenant in a table, in words."""

    label: str
    sub: str
    requests: int
    share: float
    model: str
    class_: str
    chain: str
    lost: str
    cost: str


@dataclass(frozen=True)
class MoveRow:
    source: str
    target: str
    stays: bool
    requests: int
    share: float
    cost: str


def impact_context(found: Impact, content: Any) -> dict[str, Any]:
    """Template context of an impact; `content` holds the documents that label its classes."""
    labels = _class_labels(content)
    return {
        "impact": found,
        "headline": headline(found),
        "cost_sentence": cost_sentence(found),
        "measured_on": requests_named(found),
        "notices": notices(found),
        "figures": _figures(found),
        "flows": moves_figure(found),
        "moves": [_move_row(found, move) for move in found.moves[:SHOWN]],
        "more_moves": max(0, len(found.moves) - SHOWN),
        "classes": list(_rows(found, found.by_class, labels)),
        "tenants": list(_rows(found, found.by_tenant[:SHOWN], {})),
        "more_tenants": max(0, len(found.by_tenant) - SHOWN),
    }


def _figures(found: Impact) -> list[dict[str, str]]:
    """The five numbers a reviewer reads first."""
    if not found.base_digest or not found.total.affected:
        return []
    total = found.total
    figures = [
        {"label": label, "value": share_text(total.share(count)), "note": _of(count)}
        for label, count in (
            ("Another model", total.model_changed),
            ("Another class", total.class_changed),
            ("Another fallback chain", total.chain_changed - total.fallback_lost),
        )
    ]
    figures.append(_lost(found))
    cost = found.cost
    relative = "" if cost.relative is None else f"{signed_percent(cost.relative)}, "
    figures.append(
        {
            "label": "Cost per 1,000 requests",
            "value": per_thousand(cost.mean_usd, signed=True),
            "note": f"{relative}{BASES[cost.basis]}",
        }
    )
    return figures


def _lost(found: Impact) -> dict[str, str]:
    """Apart from those with another chain, and never in the same colour."""
    lost = found.total.fallback_lost
    return {
        "label": "No fallback any more",
        "value": share_text(found.fallback_lost_share),
        "note": _of(lost),
        "verdict": "fail" if lost else "",
        "verdict_word": "Lost",
    }


def _of(count: int) -> str:
    return f"{count:,} request{'' if count == 1 else 's'}"


def _rows(found: Impact, parts: Iterable[Slice], labels: dict[str, str]) -> Iterable[Row]:
    for part in parts:
        label = labels.get(part.key, part.key)
        yield Row(
            label=label,
            sub=part.key if label != part.key else "",
            requests=part.requests,
            share=part.requests / found.looked_at,
            model=_share_or_none(part, part.model_changed),
            class_=_share_or_none(part, part.class_changed),
            chain=_share_or_none(part, part.chain_changed - part.fallback_lost),
            lost=_share_or_none(part, part.fallback_lost),
            cost=_cost(part.cost_change_usd),
        )


def _share_or_none(part: Slice, count: int) -> str:
    return share_text(part.share(count)) if count else "none"


def _cost(usd: float | None) -> str:
    return "unchanged" if usd == 0 else per_thousand(usd, signed=True)


def _move_row(found: Impact, move: Move) -> MoveRow:
    stays = move.source == move.target and bool(found.base_digest)
    source = model_name(move.source) if found.base_digest else "nothing released"
    return MoveRow(
        source=source,
        target=model_name(move.target),
        stays=stays,
        requests=move.requests,
        share=move.requests / found.looked_at,
        cost="" if stays else _cost(move.cost_change_usd),
    )


def _class_labels(content: Any) -> dict[str, str]:
    try:
        classes = content["request_classification"]["classes"]
        return {entry["key"]: entry.get("label") or entry["key"] for entry in classes}
    except (KeyError, TypeError):
        return {}
