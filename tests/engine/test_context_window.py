"""Context windows of a chain: a known size is a lower bound, and a request that outgrew one window
goes to no window that is not larger.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine import (
    Attempt,
    Bundle,
    Decision,
    NextAttempt,
    Request,
    Stop,
    decide,
    full_chain,
    next_attempt,
)
from policies.engine.analysis import analyse
from tests.engine.analysis.documents import bundle, model, named, route, row
from tests.engine.strategies import MODELS, attempts_on, bundles, requests

WINDOWS = {"small": 8192, "mid": 64_000, "equal": 128_000, "big": 128_000, "huge": 1_000_000}
CATALOGUE = {name: model(context_window=window) for name, window in WINDOWS.items()}


def made(then: tuple[str, ...], kind: str, **more: Any) -> Bundle:
    failing = row("big", *then, on=[kind])
    return bundle(models=CATALOGUE, default=route("big"), rows=(failing,), **more)


def after(found: Bundle, request: Request, kind: str) -> str:
    step = next_attempt(found, decide(found, request), [Attempt("big", kind)])
    assert isinstance(step, NextAttempt)
    return step.model


@pytest.mark.parametrize("written", [None, 500])
def test_fallback__input_alone_exceeds_a_window__passes_it_over(written: int | None) -> None:
    found = made(("small", "mid"), "rate_limit", limits={"preserve": {"context": True}})
    request = Request(input_tokens=10_000, max_output_tokens=written)
    assert after(found, request, "rate_limit") == "mid"
    unsized = Request(max_output_tokens=written)
    assert after(found, unsized, "rate_limit") == "small"


def test_fallback__output_alone_exceeds_a_window__passes_it_over() -> None:
    found = made(("small", "mid"), "rate_limit")
    assert after(found, Request(max_output_tokens=9000), "rate_limit") == "mid"


def test_route__input_alone_exceeds_a_window__excludes_it_and_says_what_is_unchecked() -> None:
    fits = route("small", "big", constraints={"fits_context": True})
    decision = decide(bundle(models=CATALOGUE, default=fits), Request(input_tokens=10_000))
    assert decision.model == "big"
    (out,) = decision.excluded
    assert (out.model, out.reason) == ("small", "context")
    assert out.sentence == "small holds 8192 tokens; the request needs at least 10000."
    assert decision.unchecked == ("fits_context",)


def test_route__input_alone_costs_too_much__excludes_the_model() -> None:
    # 10 000 tokens at 1 USD per million are 0.01 USD before anything is written.
    limited = route("big", constraints={"max_cost_usd": 0.009})
    decision = decide(bundle(models=CATALOGUE, default=limited), Request(input_tokens=10_000))
    assert [(out.model, out.reason) for out in decision.excluded] == [("big", "cost")]
    assert "at least 0.01 USD" in decision.excluded[0].sentence


def test_chain__context_window_fails__goes_to_a_larger_window_only() -> None:
    then = ("small", "equal", "huge")
    for preserved in (True, False):
        found = made(then, "context_window", limits={"preserve": {"context": preserved}})
        assert after(found, Request(), "context_window") == "huge"
        assert full_chain(found, "easy", "big", "context_window") == ("huge",)


def test_chain__context_window_failed_before__says_why_no_target_is_left() -> None:
    found = made(("small", "equal"), "context_window")
    step = next_attempt(found, decide(found, Request()), [Attempt("big", "context_window")])
    assert isinstance(step, Stop)
    assert step.reason == "exhausted"
    assert "equal holds 128000 tokens; the request is longer than 128000." in step.sentence


def test_chain__window_unknown__is_no_reason() -> None:
    models = {**CATALOGUE, "unknown": model(context_window=None)}
    found = bundle(
        models=models,
        default=route("unknown"),
        rows=(
            row("unknown", "small", on=["context_window"]),
            row("small", "unknown", on=["context_window"]),
        ),
    )
    for first, then in (("unknown", "small"), ("small", "unknown")):
        decision = Decision("easy", None, "default", "default", first)
        step = next_attempt(found, decision, [Attempt(first, "context_window")])
        assert step == NextAttempt(then)


@given(bundles(), requests(), st.lists(st.sampled_from(MODELS).flatmap(attempts_on), max_size=4))
def test_chain__any_attempts__never_falls_back_to_a_window_outgrown(
    found: Bundle, request: Request, attempts: list[Attempt]
) -> None:
    step = next_attempt(found, decide(found, request), attempts)
    if not isinstance(step, NextAttempt) or not attempts or step.model == attempts[-1].model:
        return
    models = found.catalogue.models
    outgrown = [
        models[made.model].context_window
        for made in attempts
        if made.failure_kind == "context_window"
    ]
    window = models[step.model].context_window
    assert window is None or all(window > other for other in outgrown if other is not None)


def findings(found: Bundle) -> dict[str, Any]:
    return named(analyse(found))


def test_analysis__row_on_context_window__names_the_targets_that_hold_no_more() -> None:
    found = findings(made(("small", "equal", "huge"), "context_window"))
    warning = found["fallback_no_larger_window:big:small:equal"]
    assert warning.severity == "warning"
    assert warning.pointer == "/fallback_matrix/rows/0"
    assert warning.sentence == (
        "A request that is too long for big (128000 tokens) is too long for small (8192) and "
        "equal (128000): after context_window they are passed over."
    )
    assert "weaker_fallback:big:small" not in found


def test_analysis__row_answers_other_failures_too__notes_only_where_no_target_is_larger() -> None:
    kinds = ["timeout", "context_window"]
    mixed = bundle(
        models=CATALOGUE, default=route("big"), rows=(row("big", "small", "huge", on=kinds),)
    )
    assert not [name for name in findings(mixed) if name.startswith("fallback_no_larger")]
    vain = bundle(models=CATALOGUE, default=route("big"), rows=(row("big", "small", on=kinds),))
    assert findings(vain)["fallback_no_larger_window:big:small"].severity == "info"


def test_analysis__row_for_any_model__warns_of_what_helps_none_of_them() -> None:
    rows = (row("*", "mid", "big", "huge", on=["context_window"]),)
    every = route("small", "mid", select="cheapest")
    found = findings(bundle(models=CATALOGUE, default=every, rows=rows))
    assert not [name for name in found if name.startswith("fallback_no_larger")]
