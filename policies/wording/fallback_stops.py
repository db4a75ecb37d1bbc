"""A fallback chain as the stops of a line, with the reasons why one would be left out. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policies.engine import Bundle, full_chain
from policies.engine.chain import outgrown_by
from policies.engine.suitability import (
    Exclusion,
    is_outgrown,
    lacks_capability,
    lacks_region,
    lacks_service,
)


@dataclass(frozen=True)
class Stop:
    """``excluded``: no request that comes this way is tried here; ``why`` says more in words."""

    label: str
    why: str = ""
    excluded: bool = False


@dataclass(frozen=True)
class Wish:
    """What one rule of the policy demands of every model that serves its requests."""

    rule: str
    regions: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()


def stops_of(
    bundle: Bundle, model: str, class_key: str | None, kind: str, wishes: Iterable[Wish]
) -> tuple[Stop, ...]:
    """The whole chain after ``model`` fails with ``kind``, for requests with these wishes."""
    matrix, wanted = bundle.fallback_matrix, list(wishes)
    chain = [model, *full_chain(bundle, class_key or "", model, kind)]
    stops: list[Stop] = []
    told, spent, outgrown = set(chain), 0, None
    for name in chain:
        outgrown = outgrown_by(bundle.catalogue, name, kind, outgrown)
        row = matrix.row_for(name, class_key, kind)
        retries = row.retries.count if row else 0
        notes = [f"{retries} {'retry' if retries == 1 else 'retries'}"] if retries else []
        why = "" if name == model else _left_out(bundle, name, wanted)
        late = spent >= matrix.limits.max_attempts
        if late:
            notes = [f"the chain's {matrix.limits.max_attempts} attempts are spent by then"]
        stops.append(Stop(name, "; ".join(filter(None, [*notes, why])), late or _for_all(why)))
        spent += 0 if stops[-1].excluded else 1 + retries
        for target in row.then if row else ():
            out = None if target in told else _out(bundle, target, outgrown)
            if out is not None:
                told.add(target)
                stops.append(Stop(target, out.sentence.rstrip("."), True))
    return (*stops, Stop("stop", "the request has failed"))


def _out(bundle: Bundle, target: str, outgrown: int | None) -> Exclusion | None:
    """Why no request is tried on a target, whatever its route demands."""
    out = lacks_service(bundle.catalogue, target)
    return out or is_outgrown(bundle.catalogue.models[target], outgrown)


_FOR_ALL = "left out: "


def _for_all(why: str) -> bool:
    return why.startswith(_FOR_ALL)


def _left_out(bundle: Bundle, target: str, wishes: list[Wish]) -> str:
    """Why a target would be passed over by what the chain must preserve, and for which rules."""
    preserve, found = bundle.fallback_matrix.limits.preserve, bundle.catalogue.models[target]
    reasons: dict[str, str] = {}
    for wish in wishes:
        out = lacks_region(found, wish.regions) if preserve.regions else None
        if out is None and preserve.capabilities:
            out = lacks_capability(found, wish.capabilities)
        if out is not None:
            reasons[wish.rule] = out.sentence.rstrip(".")
    if not reasons:
        return ""
    said = "; ".join(dict.fromkeys(reasons.values()))
    if len(reasons) == len(wishes):
        return f"{_FOR_ALL}{said}"
    return f"left out for {', '.join(reasons)}: {said}"
