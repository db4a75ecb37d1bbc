"""Findings about models, candidates and fallbacks, on small examples."""

import json
from collections.abc import Callable
from pathlib import Path

from policies.engine.analysis import ERROR, INFO, WARNING
from policies.engine.analysis.fallback_graph import strongly_connected
from tests.engine.analysis.documents import analysis, model, named, route, row

EU = {"constraints": {"regions": ["eu"]}}


def test_cycle__production_graph_of_litellm_35303__is_its_one_ring_of_four(
    real_data: Callable[[str], Path],
) -> None:
    graph = json.loads(real_data("fallback_graph_litellm_35303.json").read_text())["fallbacks"]
    names = {*graph, *(target for targets in graph.values() for target in targets)}
    found = analysis(
        models={name: model() for name in sorted(names)},
        default=route("claude-sonnet-5"),
        rows=tuple(row(name, *then) for name, then in graph.items()),
    )
    (cycle,) = found.of_kind("fallback_cycle")
    ring = ("GLM-5.2", "claude-haiku-4-5", "claude-sonnet-4-6", "claude-sonnet-5")
    assert cycle.name == ":".join(("fallback_cycle", *ring))
    assert cycle.severity == WARNING
    assert all(name in cycle.sentence for name in ring)


def test_cycle__two_models_back_each_other_up__is_for_information() -> None:
    (cycle,) = analysis(rows=(row("m1", "m2"), row("m2", "m1"))).of_kind("fallback_cycle")
    assert cycle.severity == INFO
    assert "m1 → m2 → m1" in cycle.sentence


def test_cycle__one_list_for_all_models__is_none() -> None:
    assert analysis(rows=(row("*", "m1", "m2", "m3"),)).of_kind("fallback_cycle") == ()


def test_cycle__only_for_one_class__names_the_class() -> None:
    rows = (row("m1", "m2"), row("m2", "m1", **{"class": "hard"}))
    (cycle,) = analysis(rows=rows).of_kind("fallback_cycle")
    assert 'for class "hard"' in cycle.sentence


def test_strongly_connected__two_rings_joined_one_way__are_two() -> None:
    edges = {"a": ["b"], "b": ["a", "c"], "c": ["d"], "d": ["c"], "e": ["e"]}
    assert set(strongly_connected(edges)) == {("a", "b"), ("c", "d")}


def test_residency__fallback_outside_the_region_is_not_held_back__is_an_error() -> None:
    models = {"m1": model(), "m2": model("borealis", regions=["us"])}
    parts = {"models": models, "default": route("m1", **EU), "rows": (row("m1", "m2"),)}
    broken = named(analysis(limits={"preserve": {"regions": False}}, **parts))
    finding = broken["fallback_breaks_regions:default:m2"]
    assert (finding.severity, finding.pointer) == (ERROR, "/fallback_matrix/rows/0/then/0")
    kept = named(analysis(**parts))
    assert kept["fallback_skipped:default:m2"].severity == INFO
    assert kept["fallback_without_effect:default:m1"].severity == WARNING


def test_residency__broken_on_the_second_hop__is_found() -> None:
    models = {"m1": model(), "m2": model("borealis"), "m3": model(regions=["us"])}
    found = analysis(
        models=models,
        default=route("m1", **EU),
        rows=(row("m1", "m2"), row("m2", "m3")),
        limits={"preserve": {"regions": False}},
    )
    assert "fallback_breaks_regions:default:m3" in named(found)


def test_capability__fallback_lacks_what_the_route_needs__is_a_warning() -> None:
    found = analysis(
        models={"m1": model(), "m2": model("borealis", capabilities=[])},
        default=route("m1", constraints={"capabilities": ["tools"]}),
        rows=(row("m1", "m2"),),
        limits={"preserve": {"capabilities": False}},
    )
    assert named(found)["fallback_breaks_capabilities:default:m2"].severity == WARNING


def test_context__fallback_holds_less_where_requests_must_fit__is_a_warning() -> None:
    found = analysis(
        models={"m1": model(), "m2": model("borealis", context_window=1000)},
        default=route("m1", constraints={"fits_context": True}),
        rows=(row("m1", "m2"),),
        limits={"preserve": {"context": False}},
    )
    assert named(found)["fallback_breaks_context:default:m2"].severity == WARNING


def test_fake_redundancy__whole_chain_at_one_provider__is_a_warning_with_a_witness() -> None:
    found = named(analysis(rows=(row("m1", "m3"),)))["fake_redundancy:m1"]
    assert (found.severity, found.witness) == (WARNING, {"attributes": {}})
    assert "all at acme" in found.sentence


def test_fake_redundancy__same_provider_for_long_prompts_only__is_none() -> None:
    rows = (row("m1", "m3", on=["context_window"]), row("m1", "m2"))
    assert analysis(rows=rows).of_kind("fake_redundancy") == ()


def test_dearer__first_fallback_ten_times_as_dear_without_cap__is_a_warning() -> None:
    dear = model("borealis", input_usd_per_mtok=10, output_usd_per_mtok=20)
    parts = {"models": {"m1": model(), "m2": dear}, "rows": (row("m1", "m2"),)}
    assert named(analysis(**parts))["dearer_fallback:m1:m2"].severity == WARNING
    capped = analysis(limits={"cost_cap_usd": 1}, **parts)
    assert named(capped)["dearer_fallback:m1:m2"].severity == INFO


def test_weaker__smaller_window_and_lost_capability__are_told_together() -> None:
    weak = model("borealis", context_window=1000, capabilities=[])
    found = analysis(models={"m1": model(), "m2": weak}, rows=(row("m1", "m2"),))
    sentence = named(found)["weaker_fallback:m1:m2"].sentence
    assert 'cannot do "tools" and holds 1000 tokens instead of 128000' in sentence


def test_candidate__outside_the_route_s_regions__can_never_be_chosen() -> None:
    models = {"m1": model(), "m2": model(regions=["us"])}
    found = analysis(models=models, default=route("m1", "m2", **EU))
    finding = named(found)["candidate_never_chosen:default:m2"]
    assert (finding.severity, finding.pointer) == (WARNING, "/router_policy/default/candidates/1")


def test_candidate__none_can_serve__is_an_error_where_requests_are_refused() -> None:
    models = {"m1": model(), "m2": model(regions=["us"])}
    refusing, passing = route("m2", **EU), route("m2", **EU, on_no_candidate="default")
    rules = {"refusing": ({"vip": True}, refusing), "passing": ({"vip": False}, passing)}
    found = named(analysis(models=models, rules=rules))
    assert found["route_without_candidate:refusing"].severity == ERROR
    assert found["route_without_candidate:passing"].severity == WARNING


def test_model__retired_or_deprecated__is_told_once_with_all_its_places() -> None:
    models = {
        "m1": model(),
        "m2": model("borealis", status="retired"),
        "m3": model(status="deprecated"),
    }
    found = named(analysis(models=models, default=route("m1", "m2"), rows=(row("m1", "m2", "m3"),)))
    retired = found["model_retired:m2"]
    assert retired.severity == ERROR
    assert retired.pointer == "/router_policy/default/candidates/1/model"
    assert "/fallback_matrix/rows/0/then/0" in retired.related
    assert found["model_deprecated:m3"].severity == WARNING


def test_concentration__counts_models_by_provider() -> None:
    split = {"select": "weighted", "candidates": [{"model": "m1"}, {"model": "m2"}]}
    found = analysis(default=split, rows=(row("m1", "m3"),)).concentration
    assert found.primaries == {"acme": 1, "borealis": 1}
    assert (found.primary_index, found.destination_index) == (0.5, 1.0)


def test_concentration__no_way_out_of_one_provider__is_a_warning() -> None:
    found = named(analysis(rows=(row("m1", "m3"),)))
    assert found["single_provider:acme"].severity == WARNING
    assert named(analysis(rows=(row("m1", "m2"),)))["single_provider:acme"].severity == INFO


def test_chains__retries_and_targets__are_summed_up_within_the_limits() -> None:
    retries = {"count": 2, "base_ms": 100, "factor": 2, "max_ms": 1000, "jitter": "none"}
    rows = (row("m1", "m2", retries=retries), row("m2"))
    (chain,) = analysis(rows=rows, limits={"max_attempts": 10}).chains
    assert (chain.model, chain.targets, chain.attempts) == ("m1", ("m2",), 4)
    assert (chain.wait_s, chain.deadline_s, chain.cost_usd) == (0.3, 30.0, 4 * 0.002)
