"""Deciding once for requests that look alike gives what deciding for each of them gives."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from evaluations.impact import Source, TrafficRequest, measure
from policies.engine import Bundle, Request, decide, full_chain
from policies.engine.fallback import OUTAGES
from tests.engine.strategies import bundles, requests

SOURCE = Source("dataset", "sha256:x", "“made up”", 0)
Treatment = tuple[str, str | None, tuple[tuple[str, ...], ...]]


def treatment(bundle: Bundle, request: Request) -> Treatment:
    """What the engine says of one request, asked without any grouping."""
    decision = decide(bundle, request)
    if decision.model is None:
        return decision.class_key, None, ()
    chains = tuple(
        full_chain(bundle, decision.class_key, decision.model, kind, decision.requirements)
        for kind in OUTAGES
    )
    return decision.class_key, decision.model, chains


@st.composite
def traffic(draw: st.DrawFn) -> list[TrafficRequest]:
    drawn = draw(st.lists(requests(), min_size=1, max_size=12))
    # Some requests come twice, so that grouping has something to group.
    twice = [replace(request, request_id=f"{request.request_id}'") for request in drawn]
    chosen = draw(st.lists(st.sampled_from(drawn + twice), min_size=1, max_size=20))
    return [TrafficRequest(request, cluster=request.request_id) for request in chosen]


@settings(max_examples=150)
@given(bundles(), bundles(), traffic())
def test_measure__any_two_bundles__equals_deciding_each_request(
    base: Bundle, candidate: Bundle, recorded: list[TrafficRequest]
) -> None:
    impact = measure(base, candidate, recorded, SOURCE)
    pairs = [(treatment(base, r.request), treatment(candidate, r.request)) for r in recorded]
    assert impact.total.requests == len(recorded)
    assert impact.total.class_changed == sum(a[0] != b[0] for a, b in pairs)
    assert impact.total.model_changed == sum(a[1] != b[1] for a, b in pairs)
    assert impact.total.chain_changed == sum(a[2] != b[2] for a, b in pairs)
    assert impact.total.affected == sum(a != b for a, b in pairs)
    lost = [{kind for kind, was, now in zip(OUTAGES, a[2], b[2], strict=False) if was and not now}
            for a, b in pairs]  # fmt: skip
    assert impact.total.fallback_lost == sum(bool(kinds) for kinds in lost)
    assert impact.fallback_lost_on == Counter(kind for kinds in lost for kind in kinds)
    moves = {(move.source, move.target): move.requests for move in impact.moves}
    assert moves == Counter((a[1], b[1]) for a, b in pairs)
    classes = {part.key: part.requests for part in impact.by_class}
    assert classes == Counter(a[0] for a, _ in pairs)


@settings(max_examples=60)
@given(bundles(), traffic())
def test_measure__a_bundle_against_itself__changes_nothing(
    bundle: Bundle, recorded: list[TrafficRequest]
) -> None:
    impact = measure(bundle, bundle, recorded, SOURCE)
    assert impact.total.affected == 0
    assert impact.projected_cost_change in (0, None)
    assert not impact.new_providers
    assert not impact.loosened


@settings(max_examples=60)
@given(bundles(), bundles(), traffic(), st.randoms())
def test_measure__requests_in_another_order__gives_the_same_bytes(
    base: Bundle, candidate: Bundle, recorded: list[TrafficRequest], source: Random
) -> None:
    shuffled = list(recorded)
    source.shuffle(shuffled)
    there = measure(base, candidate, recorded, SOURCE)
    back = measure(base, candidate, shuffled, SOURCE)
    assert there.digest == back.digest
    assert type(there).from_json(there.to_json()) == there
