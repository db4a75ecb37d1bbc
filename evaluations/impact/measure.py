"""Recorded requests through two bundles: what changes, for whom, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from evaluations.impact.costs import paired_cost
from evaluations.impact.result import Impact
from evaluations.impact.sides import NOBODY, Side, Sides
from evaluations.impact.tally import Difference, Tally, difference, slices
from evaluations.impact.traffic import Source, TrafficRequest
from policies.differences import describe_difference
from policies.differences.parts import unmet_parts
from policies.engine import Bundle
from policies.engine.analysis.alike import treat_alike


def measure(
    base: Bundle | None, candidate: Bundle, requests: Iterable[TrafficRequest], source: Source
) -> Impact:
    """The blast radius of `candidate` on these requests, which are read once, in any order."""
    after = Sides(candidate)
    # A bundle compared with itself is asked once.
    same = base is not None and base.digest == candidate.digest
    before = after if same else Sides(base) if base else None
    tally = Tally()
    differences: dict[tuple[Side, Side], Difference] = {}
    met: set[str] = set()
    met_now: set[str] = set()
    new_providers = _new_providers(base, candidate)
    reaching = 0
    for recorded in requests:
        now = after.of(recorded.request)
        was = before.of(recorded.request) if before else NOBODY
        pair = (was, now)
        changed = differences.get(pair)
        if changed is None:
            changed = differences[pair] = difference(was, now)
            met.update(was.parts)
            met_now.update(now.parts)
        # Nothing can be saved or lost against nothing: a first release has costs, no change.
        priced = (now if base is None else was, now)
        cost = paired_cost(recorded, *priced, (base or candidate, candidate))
        change = tally.costs.add(recorded.cluster, cost, changed.of_model)
        tally.add(pair, changed, recorded.tenant, None if base is None else change)
        reaching += not new_providers.isdisjoint(now.providers)
    impact = _result(base, candidate, source, tally, new_providers, reaching)
    if base is None:
        return impact
    if treat_alike(base, candidate):
        return replace(impact, proved_alike=True)
    return replace(impact, unreached=unmet_parts(base, candidate, met, met_now))


def _result(
    base: Bundle | None,
    candidate: Bundle,
    source: Source,
    tally: Tally,
    new_providers: frozenset[str],
    reaching: int,
) -> Impact:
    return Impact(
        base_digest=base.digest if base else "",
        candidate_digest=candidate.digest,
        source=source,
        looked_at=tally.total.requests,
        total=tally.total.slice(""),
        by_class=slices(tally.classes) if base else (),
        by_tenant=slices(tally.tenants),
        moves=tally.sorted_moves(),
        cost=tally.costs.change() if base else tally.costs.level(),
        fallback_lost_on=dict(sorted(tally.lost.items())),
        regions_gained=dict(sorted(tally.gained.items())),
        new_providers=tuple(sorted(new_providers)),
        new_provider_requests=reaching,
        loosened=_loosened(base, candidate),
    )


def _new_providers(base: Bundle | None, candidate: Bundle) -> frozenset[str]:
    """Providers of the models that only the candidate names, asked for by recorded requests or
    not: what no request of the past reached, one of tomorrow may.
    """
    return _providers(candidate) - (_providers(base) if base else frozenset())


def _providers(bundle: Bundle) -> frozenset[str]:
    models = bundle.catalogue.models
    return frozenset(models[name].provider for name in bundle.model_names() if name in models)


def _loosened(base: Bundle | None, candidate: Bundle) -> tuple[str, ...]:
    if base is None:
        return ()
    old, new = base.quality_thresholds.to_json(), candidate.quality_thresholds.to_json()
    changes = describe_difference("quality_thresholds", old, new)
    return tuple(change.sentence for change in changes if change.loosens)
