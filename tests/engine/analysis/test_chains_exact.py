"""The worst case of a chain is that of trying every sequence of failures on the engine itself."""

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.engine import (
    FAILURE_KINDS,
    Attempt,
    Bundle,
    Decision,
    NextAttempt,
    Runtime,
    next_attempt,
)
from policies.engine.analysis.chains import Chain, chains_of
from policies.engine.analysis.starts import Start
from policies.engine.decision import TYPICAL_INPUT_TOKENS, TYPICAL_OUTPUT_TOKENS
from policies.engine.fallback import FallbackRow
from tests.engine.strategies import bundles

Run = list[tuple[Attempt, int]]


def _kinds(bundle: Bundle, model: str, class_key: str) -> list[str]:
    """One failure kind for each row that answers this model, and one that none answers; a request
    that is too long for a model apart, since it goes to none that holds no more.
    """
    found: dict[tuple[FallbackRow | None, bool], str] = {}
    for kind in FAILURE_KINDS:
        if kind != "bad_request":
            row = bundle.fallback_matrix.row_for(model, class_key, kind)
            found.setdefault((row, kind == "context_window"), kind)
    return list(found.values())


def _runs(bundle: Bundle, decision: Decision, run: Run) -> Iterator[Run]:
    """Every run of failed attempts, each with the wait before it; retries are also refused."""
    attempts = [attempt for attempt, _ in run]
    steps = dict.fromkeys(
        next_attempt(bundle, decision, attempts, request_id="r", runtime=Runtime(frozenset(), may))
        for may in (True, False)
    )
    for step in steps:
        if not isinstance(step, NextAttempt):
            yield run
            continue
        model = bundle.catalogue.models[step.model]
        cost = model.estimated_cost_usd(TYPICAL_INPUT_TOKENS, TYPICAL_OUTPUT_TOKENS)
        for kind in _kinds(bundle, step.model, decision.class_key):
            attempt = Attempt(step.model, kind, 0, cost or 0)
            yield from _runs(bundle, decision, [*run, (attempt, step.wait_ms)])


@st.composite
def _chains(draw: st.DrawFn) -> tuple[Bundle, Decision, Chain]:
    """A bundle with at most four attempts a chain and no cost cap, and one of its chains."""
    bundle = draw(bundles())
    matrix = bundle.fallback_matrix
    limits = replace(
        matrix.limits,
        max_attempts=draw(st.integers(1, 4)),
        cost_cap_usd=None,
        deadline_ms=draw(st.sampled_from((150.0, 30_000.0))),
    )
    bundle = replace(bundle, fallback_matrix=replace(matrix, limits=limits))
    rule_id, route = draw(st.sampled_from(bundle.router_policy.routes()))
    key = draw(st.sampled_from(bundle.request_classification.class_keys))
    start = Start(rule_id, (key,), route, route.candidates[0].model, 0)
    decision = Decision(key, None, "default", rule_id, start.model, requirements=start.requirements)
    return bundle, decision, chains_of(bundle, [start])[0]


def _is_certain(bundle: Bundle) -> bool:
    """Whether waits are no matter of chance."""
    return all(
        row.retries.jitter == "none" or not row.retries.count for row in bundle.fallback_matrix.rows
    )


@given(drawn=_chains())
@settings(max_examples=300)
def test_chain__every_sequence_of_failures__stays_within_the_worst_case(
    drawn: tuple[Bundle, Decision, Chain],
) -> None:
    bundle, decision, chain = drawn
    for run in _runs(bundle, decision, []):
        assert len(run) <= chain.attempts
        assert {attempt.model for attempt, _ in run} <= {chain.model, *chain.targets}
        assert sum(wait for _, wait in run) <= chain.wait_s * 1000 + 1e-6
        if chain.cost_usd is not None:
            assert sum(attempt.cost_usd for attempt, _ in run) <= chain.cost_usd + 1e-12


@given(drawn=_chains())
@settings(max_examples=300)
def test_chain__worst_sequence__is_met(drawn: tuple[Bundle, Decision, Chain]) -> None:
    bundle, decision, chain = drawn
    runs = list(_runs(bundle, decision, []))
    in_time = bundle.fallback_matrix.limits.deadline_ms > 20_000
    if not (_is_certain(bundle) or in_time):
        return
    assert chain.exact
    assert max(len(run) for run in runs) == chain.attempts
    assert {attempt.model for run in runs for attempt, _ in run} <= {chain.model, *chain.targets}
    if chain.cost_usd is not None:
        costs = [sum(attempt.cost_usd for attempt, _ in run) for run in runs]
        assert abs(max(costs) - chain.cost_usd) < 1e-12
    if _is_certain(bundle) and in_time:
        waits = [sum(wait for _, wait in run) for run in runs]
        assert abs(max(waits) - chain.wait_s * 1000) < 1e-6
