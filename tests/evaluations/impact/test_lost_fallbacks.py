"""Requests that fall back on other models, and requests that have no fallback any more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from evaluations.impact import Impact, Source, TrafficRequest, measure
from evaluations.impact.wording import headline, notices
from evaluations.views.impact_context import impact_context
from policies.engine import Bundle, Request
from policies.engine.fallback import OUTAGES
from tests.evaluations.bundles import rule_bundle

SOURCE = Source("dataset", "sha256:x", "“Made up”", 10)
KIND = [{"name": "kind", "type": "category", "values": ["refund", "other"]}]
MODELS = ("mini", "large", "flash")


def row(model: str, *then: str, on: Iterable[str] = OUTAGES) -> dict[str, Any]:
    return {"model": model, "on": list(on), "then": list(then)}


def bundle(*rows: dict[str, Any], refund: str = "mini") -> Bundle:
    rules = [({"kind": {"in": ["refund"]}}, refund)]
    return rule_bundle("mini", rules, attributes=KIND, fallback=rows, models=MODELS)


def measured(base: Bundle, candidate: Bundle) -> Impact:
    """On two requests for a refund and eight others."""
    kinds = ["refund"] * 2 + ["other"] * 8
    requests = [
        TrafficRequest(Request({"kind": kind}, request_id=f"r{i}"), f"c{i}")
        for i, kind in enumerate(kinds)
    ]
    return measure(base, candidate, requests, SOURCE)


def test_headline__some_lose_their_fallback_and_others_have_another__are_two_findings() -> None:
    base = bundle(row("mini", "large"))
    found = measured(base, bundle(row("mini", "flash"), refund="large"))
    assert (found.total.chain_changed, found.total.fallback_lost) == (10, 2)
    said = headline(found)
    assert "80.0% would have another fallback chain" in said
    assert "20.0% would have no fallback any more" in said
    assert "fall back on other models" not in said
    (notice,) = notices(found)
    assert notice == (
        "20.0% of requests lose their fallback: no other model is tried after any failure."
    )


def test_notice__lost_after_some_failures_only__names_them() -> None:
    base = bundle(row("mini", "large"))
    found = measured(base, bundle(row("mini", "large", on=["rate_limit", "overloaded"])))
    assert found.fallback_lost_on == {
        "network": 10, "quota_exhausted": 10, "server_error": 10, "timeout": 10,
    }  # fmt: skip
    (notice,) = notices(found)
    assert notice == (
        "All requests lose their fallback: no other model is tried after these failures: network, "
        "quota exhausted, server error and timeout."
    )


def test_figures__of_lost_and_of_other_chains__are_apart_and_only_the_loss_is_marked() -> None:
    base = bundle(row("mini", "large"))
    context = impact_context(measured(base, bundle(row("mini", "flash"), refund="large")), {})
    figures = {figure["label"]: figure for figure in context["figures"]}
    assert figures["Another fallback chain"]["value"] == "80.0%"
    assert "verdict" not in figures["Another fallback chain"]
    lost = figures["No fallback any more"]
    assert (lost["value"], lost["note"], lost["verdict"]) == ("20.0%", "2 requests", "fail")
    (of_class,) = context["classes"]
    assert (of_class.chain, of_class.lost) == ("80.0%", "20.0%")


def test_loss__of_a_fallback_that_was_never_there__is_none() -> None:
    found = measured(bundle(), bundle(refund="large"))
    assert found.total.fallback_lost == 0
    assert notices(found) == []


def test_round_trip__keeps_what_is_lost() -> None:
    found = measured(bundle(row("mini", "large")), bundle())
    assert found.fallback_lost_share == 1
    assert Impact.from_json(found.to_json()) == found
