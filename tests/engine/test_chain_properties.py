"""No chain visits a target twice, passes its limits, or breaks what it must preserve."""

from itertools import groupby

from hypothesis import assume, given
from hypothesis import strategies as st

from policies.engine import (
    NO_LIMITS,
    Attempt,
    Bundle,
    Decision,
    NextAttempt,
    Request,
    Runtime,
    Stop,
    decide,
    full_chain,
    next_attempt,
)
from policies.engine.suitability import estimated_cost
from tests.engine.strategies import MODELS, attempts_on, bundles, requests, runtimes

Walk = tuple[list[Attempt], list[NextAttempt], Stop]


def walk(data: st.DataObject, bundle: Bundle, decision: Decision, runtime: Runtime) -> Walk:
    """Follows the engine's advice with drawn failures until it says stop."""
    attempts: list[Attempt] = []
    steps: list[NextAttempt] = []
    while True:
        step = next_attempt(bundle, decision, attempts, request_id="r", runtime=runtime)
        assert step == next_attempt(bundle, decision, attempts, request_id="r", runtime=runtime)
        if isinstance(step, Stop):
            return attempts, steps, step
        steps.append(step)
        attempts.append(data.draw(attempts_on(step.model)))


@given(bundles(), requests(), runtimes, st.data())
def test_chain__any_failures__visits_no_target_twice(
    bundle: Bundle, request: Request, runtime: Runtime, data: st.DataObject
) -> None:
    attempts, steps, stop = walk(data, bundle, decide(bundle, request), runtime)
    visits = [model for model, _ in groupby(attempt.model for attempt in attempts)]
    assert len(visits) == len(set(visits))
    assert stop.sentence
    assert all(step.wait_ms >= 0 for step in steps)


@given(bundles(), requests(), st.data())
def test_chain__any_failures__keeps_within_attempts_time_and_money(
    bundle: Bundle, request: Request, data: st.DataObject
) -> None:
    decision, limits = decide(bundle, request), bundle.fallback_matrix.limits
    attempts, steps, _ = walk(data, bundle, decision, NO_LIMITS)
    assert len(attempts) <= limits.max_attempts
    elapsed = spent = 0.0
    for index, (attempt, step) in enumerate(zip(attempts, steps, strict=True)):
        if index:
            assert elapsed + step.wait_ms < limits.deadline_ms
            cost = estimated_cost(bundle.catalogue.models[step.model], decision.requirements) or 0
            assert limits.cost_cap_usd is None or cost <= limits.cost_cap_usd - spent
        elapsed += step.wait_ms + (attempt.latency_ms if attempt.latency_ms > 0 else 0)
        spent += attempt.cost_usd


@given(bundles(), requests(), runtimes, st.data())
def test_chain__any_failures__retries_and_falls_back_only_where_allowed(
    bundle: Bundle, request: Request, runtime: Runtime, data: st.DataObject
) -> None:
    decision, preserve = decide(bundle, request), bundle.fallback_matrix.limits.preserve
    attempts, steps, _ = walk(data, bundle, decision, runtime)
    for failed, step in zip(attempts, steps[1:], strict=False):
        assert failed.failure_kind != "bad_request"
        assert not (failed.failure_kind == "stream_interrupted" and failed.bytes_sent)
        assert step.model not in runtime.open_breakers
        if step.model == failed.model:
            assert runtime.retry_allowed
            continue
        model, wanted = bundle.catalogue.models[step.model], decision.requirements
        assert step.wait_ms == 0
        assert model.status != "retired"
        if preserve.regions and wanted.regions:
            assert set(model.regions) & set(wanted.regions)
        if preserve.capabilities:
            assert set(wanted.capabilities) <= set(model.capabilities)
        if preserve.context and wanted.total_tokens and model.context_window:
            assert wanted.total_tokens <= model.context_window


@given(bundles(), requests(), st.lists(st.sampled_from(MODELS).flatmap(attempts_on), max_size=6))
def test_next_attempt__recorded_attempts_of_any_kind__never_raises(
    bundle: Bundle, request: Request, attempts: list[Attempt]
) -> None:
    decision = decide(bundle, request)
    step = next_attempt(bundle, decision, attempts, request_id="\ud800")
    if isinstance(step, NextAttempt) and attempts and step.model != attempts[-1].model:
        assert step.model not in {attempt.model for attempt in attempts}


@given(bundles(), st.sampled_from(MODELS), st.sampled_from(("timeout", "rate_limit", "auth")))
def test_full_chain__one_failure_kind__is_what_single_steps_would_visit(
    bundle: Bundle, model: str, kind: str
) -> None:
    limits = bundle.fallback_matrix.limits
    key = bundle.request_classification.default_class
    targets = full_chain(bundle, key, model, kind)
    assume(len(targets) < limits.max_attempts and limits.cost_cap_usd is None)
    decision = Decision(key, None, "default", "default", model)
    attempts = [Attempt(model, kind)]
    for target in targets:
        step = next_attempt(bundle, decision, attempts, runtime=Runtime(retry_allowed=False))
        assert step == NextAttempt(target)
        attempts.append(Attempt(target, kind))
    assert isinstance(
        next_attempt(bundle, decision, attempts, runtime=Runtime(retry_allowed=False)), Stop
    )
