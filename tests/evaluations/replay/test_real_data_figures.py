"""Every single-model mean and every rule policy of the reference figures, through real bundles.

The reference figures were computed elsewhere from the same files; each is reproduced to 1e-9.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from evaluations.replay.chunk import evaluate_chunk
from policies.engine import Bundle, parse_bundle
from tests.evaluations.bundles import NUMBER, TASK, always, rule_bundle
from tests.evaluations.outcome_files import (
    Loaded,
    RealData,
    lines_of,
    load,
    metric,
    report_of,
    write_jsonl,
)

# One process imports each dataset, once.
pytestmark = pytest.mark.xdist_group("real data")
PRECISION = 1e-9
PARTS = ("mmlu", "gsm8k", "mt_bench")
DATASETS = (*(f"routellm/{part}" for part in PARTS), "zeroeval", "mmlupro", "bfcl", "routerarena")
ASKS_WHICH = {
    "name": "asks_which",
    "type": "flag",
    "description": "",
    "derived_from": {"keywords": ["which of the following"]},
}
N_FUNCTIONS = {"name": "n_functions", "type": "number", "unit": "functions", "description": ""}
ATTRIBUTES = (TASK, NUMBER, N_FUNCTIONS, ASKS_WHICH)

Reference = dict[str, Any]
When = dict[str, Any]


@pytest.fixture(scope="session")
def references(real_data: RealData) -> dict[str, Reference]:
    datasets: dict[str, Reference] = json.loads(real_data("oracle_dev.json").read_text())[
        "datasets"
    ]
    return datasets


@pytest.fixture(scope="session")
def loaded(
    real_data: RealData, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Loaded]:
    """Each dataset by its name among the references, imported once."""
    folder = tmp_path_factory.mktemp("datasets")
    known: dict[str, Loaded] = {}

    def get(name: str) -> Loaded:
        if name not in known:
            known[name] = load(_file(name, real_data, folder), folder)
        return known[name]

    return get


def _file(name: str, real_data: RealData, folder: Path) -> Path:
    whole, _, part = name.partition("/")
    source = real_data(f"outcomes_{whole}.jsonl.gz")
    if not part:
        return source
    rows = (r for r in lines_of(source) if r["dataset"] == part)
    return write_jsonl(folder / f"{part}.jsonl", rows)


def tasks(loaded: Loaded, keep: Callable[[str], bool]) -> When:
    """The tasks of a dataset for which a test on their names holds: a rule lists them."""
    return {"task": {"in": sorted(t for t in loaded.stored.summary["tasks"] if keep(t))}}


def in_tasks(*names: str) -> Callable[[Loaded], When]:
    return lambda loaded: {"task": {"in": list(names)}}


def tokens_above(limit: int) -> Callable[[Loaded], When]:
    return lambda loaded: {"prompt_tokens_est": {"gt": limit}}


# (dataset, policy) → the condition under which the first model named is taken, else the second.
STRONG_WHEN: dict[tuple[str, str], Callable[[Loaded], When]] = {
    ("routellm/mmlu", "math_strong"): in_tasks(
        "abstract_algebra", "college_mathematics", "elementary_mathematics",
        "high_school_mathematics", "high_school_statistics",
    ),
    ("routellm/mmlu", "tokens_gt_300"): tokens_above(300),
    ("routellm/mmlu", "tokens_gt_100"): tokens_above(100),
    ("routellm/gsm8k", "tokens_gt_60"): tokens_above(60),
    ("routellm/mt_bench", "math_coding_reasoning_strong"): in_tasks("math", "coding", "reasoning"),
    ("zeroeval", "math_strong"): in_tasks("math-l5"),
    ("zeroeval", "math_or_code_strong"): in_tasks("math-l5", "crux"),
    ("zeroeval", "tokens_gt_300"): tokens_above(300),
    ("mmlupro", "stem_strong"): in_tasks(
        "math", "physics", "chemistry", "engineering", "computer science"
    ),
    ("mmlupro", "tokens_gt_300"): tokens_above(300),
    ("bfcl", "many_functions_strong"): lambda _: {"n_functions": {"gt": 1}},
    ("bfcl", "parallel_strong"): lambda d: tasks(d, lambda task: "parallel" in task),
    ("bfcl", "tokens_gt_40"): tokens_above(40),
    ("bfcl", "rest_java_strong"): in_tasks("rest", "java", "javascript"),
    ("routerarena", "mmlupro_strong"): lambda d: tasks(d, lambda t: t.startswith("MMLUPro")),
    ("routerarena", "tokens_gt_300"): tokens_above(300),
}  # fmt: skip


def policy_bundle(name: str, policy: str, pair: dict[str, str], loaded: Loaded) -> Bundle:
    """The rule policy of the references as a policy document."""
    strong, weak = pair["strong"], pair["weak"]
    if policy == "which_of_the_following_weak":
        return rule_bundle(strong, [({"asks_which": True}, weak)], attributes=ATTRIBUTES)
    if policy == "three_tiers":
        tiers = [({"task": {"in": ["gsm"]}}, "Meta-Llama-3.1-8B-Instruct"),
                 ({"task": {"in": ["crux"]}}, "gpt-4o-mini-2024-07-18")]  # fmt: skip
        return rule_bundle("claude-3-5-sonnet-20241022", tiers, attributes=ATTRIBUTES)
    if policy == "math_gemini":
        when = {"task": {"in": ["math", "physics", "chemistry", "engineering"]}}
        return rule_bundle(
            "gemini-1.5-flash-002", [(when, "gemini-1.5-pro-002")], attributes=ATTRIBUTES
        )
    when = STRONG_WHEN[name, policy](loaded)
    return rule_bundle(weak, [(when, strong)], attributes=ATTRIBUTES)


def assert_means(found: Any, expected: Reference) -> None:
    """Mean and standard error of quality, mean and count of costs, as the references define."""
    quality, cost = found
    assert quality["alone_n"] == expected["n"]
    assert quality["alone"]["estimate"] == pytest.approx(expected["mean_quality"], abs=PRECISION)
    assert quality["alone"]["standard_error"] == pytest.approx(
        expected["se_quality"], abs=PRECISION
    )
    assert cost["alone_n"] == expected["n"] - expected["n_cost_null"]
    if expected["mean_cost"] is None:
        assert cost["alone"] is None
    else:
        assert cost["alone"]["estimate"] == pytest.approx(expected["mean_cost"], abs=PRECISION)
        assert cost["alone"]["standard_error"] == pytest.approx(expected["se_cost"], abs=PRECISION)


def pairs_of(models: Iterable[str]) -> list[tuple[str, str]]:
    """Every model once as a candidate; its neighbour is the baseline."""
    names = sorted(models)
    return list(zip(names, names[1:] + names[:1], strict=True))


@pytest.mark.parametrize("name", DATASETS)
def test_single_models__every_model_of_a_dataset__has_the_reference_means(
    name: str, references: dict[str, Reference], loaded: Callable[[str], Loaded]
) -> None:
    dataset, expected = loaded(name), references[name]["single"]
    assert sorted(expected) == sorted(dataset.stored.summary["models"])
    for baseline, candidate in pairs_of(expected):
        report = dataset.report(always(baseline), always(candidate))
        assert_means(
            (metric(report, "mean_quality"), metric(report, "mean_cost_usd")), expected[candidate]
        )


def every_policy() -> list[tuple[str, str]]:
    """Every (dataset, rule policy) of the references."""
    listed = [*STRONG_WHEN, ("routellm/mmlu", "which_of_the_following_weak"),
              ("zeroeval", "three_tiers"), ("mmlupro", "math_gemini")]  # fmt: skip
    return sorted(listed)


@pytest.mark.parametrize(("name", "policy"), every_policy())
def test_rule_policies__written_as_documents__have_the_reference_figures(
    name: str, policy: str, references: dict[str, Reference], loaded: Callable[[str], Loaded]
) -> None:
    dataset, reference = loaded(name), references[name]
    expected, pair = reference["policies"][policy], reference["pair"]
    candidate = policy_bundle(name, policy, pair, dataset)
    report = dataset.report(always(pair["strong"]), candidate, adequate_at=reference["tau"])
    quality, cost = metric(report, "mean_quality"), metric(report, "mean_cost_usd")
    assert_means((quality, cost), expected)
    sent: Counter[str] = Counter()
    for move in report.body["moves"]:
        sent[move["to"]] += move["requests"]
    assert sent == {model: count for model, count in expected["sent"].items() if count}
    if "vs_strong" in expected:
        against = expected["vs_strong"]
        assert quality["difference"]["estimate"] == pytest.approx(
            against["mean_diff"], abs=PRECISION
        )
        assert quality["difference"]["standard_error"] == pytest.approx(
            against["se"], abs=PRECISION
        )
        assert (quality["higher"], quality["lower"]) == (against["wins"], against["losses"])
        assert 1 + cost["relative"]["estimate"] == pytest.approx(
            against["cost"]["cost_ratio"], rel=1e-9
        )


def test_every_policy__of_the_references__is_in_this_test(
    references: dict[str, Reference],
) -> None:
    listed = {(name, policy) for name in DATASETS for policy in references[name]["policies"]}
    assert listed == set(every_policy())


@pytest.mark.parametrize("name", ["routellm/mmlu", "zeroeval", "mmlupro", "bfcl"])
def test_over_and_under_routing__of_a_pair__are_the_reference_counts(
    name: str, references: dict[str, Reference], loaded: Callable[[str], Loaded]
) -> None:
    dataset, reference = loaded(name), references[name]
    policy = next(iter(reference["policies"]))
    expected, pair = reference["policies"][policy], reference["pair"]
    candidate = policy_bundle(name, policy, pair, dataset)
    report = dataset.report(always(pair["strong"]), candidate, adequate_at=reference["tau"])
    n = expected["n"]
    over, under = metric(report, "over_routing_rate"), metric(report, "under_routing_rate")
    assert round(under["candidate"] * n) == expected["under_routed"]["count"]
    assert round(over["candidate"] * n) == expected["over_routed"]["count"]


@pytest.mark.parametrize("name", DATASETS)
def test_plane__oracle_and_random__are_the_reference_points(
    name: str, references: dict[str, Reference], loaded: Callable[[str], Loaded]
) -> None:
    dataset, reference = loaded(name), references[name]
    pair = reference["pair"]
    plan = dataset.plan(always(pair["strong"]), always(pair["weak"]), adequate_at=reference["tau"])
    plane = report_of(plan, {0: evaluate_chunk(plan, dataset.requests)}).body["plane"]
    oracle, random = reference["oracle_cheapest_adequate"], reference["uniform_all"]
    assert plane["oracle"]["quality"] == pytest.approx(oracle["mean_quality"], abs=PRECISION)
    assert plane["oracle"]["cost"] == pytest.approx(oracle["mean_cost"], abs=PRECISION)
    assert plane["oracle"]["adequate"] == oracle["n_adequate"]
    assert plane["random"]["quality"] == pytest.approx(
        random["expected_mean_quality"], abs=PRECISION
    )
    assert plane["random"]["cost"] == pytest.approx(random["expected_mean_cost"], abs=PRECISION)


@pytest.mark.parametrize("case", range(5))
def test_timeouts__with_a_fallback__give_the_reference_figures(
    case: int, references: dict[str, Reference], loaded: Callable[[str], Loaded]
) -> None:
    dataset, expected = loaded("bfcl"), references["bfcl"]["timeout_fallback"][case]
    primary, secondary = expected["primary"], expected["secondary"]
    row = {"model": primary, "class": None, "on": ["timeout"], "then": [secondary]}
    limits = {"deadline_ms": 1_000_000}
    candidate = always(primary, fallback=[row], limits=limits, models=[secondary])
    report = dataset.report(
        always(primary), candidate, timeouts={primary: expected["timeout_ms"] * 1000}
    )
    assert_means((metric(report, "mean_quality"), metric(report, "mean_cost_usd")), expected)
    fallback = metric(report, "fallback_frequency")
    assert fallback["candidate"] == pytest.approx(expected["fallback_rate"], abs=PRECISION)


def test_format_regression__of_a_newer_model__fails_the_gate(
    loaded: Callable[[str], Loaded],
) -> None:
    report = loaded("bfcl").report(
        always("gpt-4o-2024-05-13"),
        always("gpt-4o-2024-08-06", thresholds=[quality_within(0.02)]),
    )
    quality = metric(report, "mean_quality")["difference"]
    assert report.body["verdict"] == "fail"
    assert quality["estimate"] == pytest.approx(-0.536102868447, abs=PRECISION)
    assert quality["standard_error"] == pytest.approx(0.0174079054686, abs=PRECISION)


def quality_within(margin: float) -> dict[str, Any]:
    return {"id": "quality", "metric": "mean_quality", "comparison": "non_inferiority",
            "margin": margin, "effect": "gate"}  # fmt: skip


def test_cheap_model__without_a_detectable_loss__passes_a_margin_of_three_points(
    loaded: Callable[[str], Loaded],
) -> None:
    report = loaded("bfcl").report(
        always("gpt-4-1106-preview"),
        always("gpt-4o-mini-2024-07-18", thresholds=[quality_within(0.03)]),
    )
    quality = metric(report, "mean_quality")["difference"]
    assert quality["low"] < 0 < quality["high"]
    assert report.body["verdict"] == "pass", report.body["reasons"]


@pytest.mark.parametrize(("margin", "verdict"), [(0.01, "fail"), (0.04, "pass")])
def test_small_real_loss__of_one_kind_of_question__fails_or_passes_by_the_margin(
    margin: float,
    verdict: str,
    references: dict[str, Reference],
    loaded: Callable[[str], Loaded],
) -> None:
    name, policy = "routellm/mmlu", "which_of_the_following_weak"
    pair = references[name]["pair"]
    asked = policy_bundle(name, policy, pair, loaded(name)).to_json()
    asked["quality_thresholds"] = {"schema": 1, "thresholds": [quality_within(margin)]}
    report = loaded(name).report(always(pair["strong"]), parse_bundle(asked))
    assert report.body["verdict"] == verdict, report.body["reasons"]
    assert report.body["support"]["moved"] > 1000
    assert report.body["support"]["unreached"] == []


def test_small_model__for_a_large_one__costs_a_sixtieth(loaded: Callable[[str], Loaded]) -> None:
    report = loaded("bfcl").report(always("gpt-4-1106-preview"), always("gpt-4o-mini-2024-07-18"))
    cost = metric(report, "mean_cost_usd")
    assert cost["candidate"] / cost["baseline"] == pytest.approx(0.016, abs=5e-4)
